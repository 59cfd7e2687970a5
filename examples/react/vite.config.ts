import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const api = `http://127.0.0.1:${process.env['API_PORT'] ?? 8787}`
/** The page and the API are one origin to the browser, as they would be behind your own proxy. */
const proxy = { '/trpc': { target: api, ws: true } }

export default defineConfig({
  plugins: [react()],
  server: { proxy, port: Number(process.env['PAGE_PORT'] ?? 5173) },
  preview: { proxy },
  build: { outDir: 'dist/site', emptyOutDir: true },
})
