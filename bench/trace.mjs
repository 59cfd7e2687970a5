import net from 'node:net'
const log = []
globalThis.__log = log
let on = false
globalThis.__on = () => (on = true)
const w = net.Socket.prototype._writeGeneric
net.Socket.prototype._writeGeneric = function (writev, data, enc, cb) { if (on) { log.push([performance.now(), 'write', writev ? 'v' : data.length]) } const r = w.call(this, writev, data, enc, cb); if (on) log.push([performance.now(), 'written']); return r }
const e = net.Socket.prototype.emit
net.Socket.prototype.emit = function (n, d) { if (on && n === 'data') log.push([performance.now(), 'data', d.length]); const r= e.apply(this, arguments); if (on && n === 'data') log.push([performance.now(), 'dataend']); return r}
