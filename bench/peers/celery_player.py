"""Celery as its documentation advises: results in Redis, a prefork pool of as many children as there are cores.

Plays one role, as kit/player.ts does for the others: `celery_player.py worker redis://…`. Requests come as lines of JSON on
stdin, answers leave on descriptor 3. Runs on what Debian packages as python3-celery and python3-redis.
"""
import json
import os
import signal
import sys
import threading
import time
import warnings

from celery import Celery, group
from celery.signals import worker_ready
from celery.worker.request import Request
import redis

warnings.simplefilter('ignore')  # containers run as root, and Celery minds
role, url = sys.argv[1:3]
CORES = min(2, os.cpu_count() or 1)
LATE_MS = 1000

app = Celery('bench', broker=url + '/0', backend=url + '/0')
app.conf.worker_hijack_root_logger = False
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_prefetch_multiplier = 100
if os.environ.get('CELERY_ACKS_LATE'):
    app.conf.task_acks_late = True


class Counter:
    """Counts what happens, and tells how long it took from one such event to another."""

    def __init__(self, cpu):
        self.count, self.cpu, self.marks, self.asked = 0, cpu, {}, {0}
        self.changed = threading.Condition()

    def hit(self, *_):
        with self.changed:
            self.count += 1
            if self.count in self.asked:
                self.mark(self.count)

    def mark(self, count):
        self.marks[count] = (time.monotonic(), self.cpu(), count)
        self.changed.notify_all()

    def reaches(self, count):
        with self.changed:
            self.asked.add(count)
            if self.count >= count and count not in self.marks:
                self.mark(count)
            self.changed.wait_for(lambda: count in self.marks)
            return self.marks[count]

    def span(self, options):
        first, last = options['from'], options['to']
        with self.changed:
            self.asked.add(last)
        return between(self.reaches(first), self.reaches(last))

    def run(self, budget):
        """From the end of the warm-up until the budget is used up."""
        first = self.through(warm_up(budget), self.reaches(1))
        least = min(budget['jobs'], first[2] + budget['least'])
        return between(first, self.through({**budget, 'least': least}, first))

    def through(self, budget, since):
        jobs, until = budget['jobs'], since[0] + budget['seconds']
        with self.changed:
            self.asked.add(jobs)
            if self.count >= jobs and jobs not in self.marks:
                self.mark(jobs)
            self.changed.wait_for(lambda: jobs in self.marks, max(0, until - time.monotonic()))
            if jobs in self.marks:
                return self.marks[jobs]
            if self.count >= budget['least']:
                return (time.monotonic(), self.cpu(), self.count)
        return self.reaches(budget['least'])


def between(begin, end):
    return {'jobs': end[2] - begin[2], 'seconds': end[0] - begin[0], 'cpuSeconds': end[1] - begin[1]}


def warm_up(budget):
    return {'jobs': budget['jobs'] // 5, 'seconds': budget['seconds'] / 4, 'least': budget['least'] // 5}


def cpu_of(pids):
    """Seconds of user and system time, of these processes and all their threads."""
    ticks = 0
    for pid in pids:
        try:
            with open(f'/proc/{pid}/stat') as stat:
                fields = stat.read().rpartition(')')[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf('SC_CLK_TCK')


def family():
    me = os.getpid()
    try:
        with open(f'/proc/{me}/task/{me}/children') as children:
            return [me, *children.read().split()]
    except OSError:
        return [me]


ended = Counter(lambda: cpu_of(family()))


class Counted(Request):
    """Lives in the worker's main process, and hears when a child has written the result."""

    def __init_subclass__(cls):
        # Celery makes a class of its own for each task, whose on_success does not call ours.
        written = cls.on_success

        def on_success(self, *args, **kwargs):
            written(self, *args, **kwargs)
            ended.hit()

        cls.on_success = on_success


class Task(app.Task):
    Request = Counted


@app.task(name='nothing', base=Task)
def nothing(data):
    if 'dueAt' in data:
        with open(os.environ['LATE'], 'a') as late:
            late.write(f"{time.time() * 1000 - data['dueAt']}\n")
    does = os.environ.get('DOES', 'nothing')
    if does == 'never':
        with open(os.environ['LATE'], 'a') as begun:
            begun.write('0\n')
        signal.pause() if threading.current_thread() is threading.main_thread() else time.sleep(3600)
    if does == 'wait':
        time.sleep(float(os.environ['WAIT_MS']) / 1000)
    return {'ok': True}


def input_of(size=100):
    return {'text': 'x' * (size - len('{"text":""}') - 2)}


def notices(heard):
    """Calls back with the id of each result that is written, once it hears."""
    pubsub = redis.Redis.from_url(url).pubsub()
    pubsub.psubscribe('celery-task-meta-*')
    pubsub.get_message(timeout=5)

    def listen():
        for message in pubsub.listen():
            if message['type'] == 'pmessage':
                heard(message['channel'][17:].decode())

    threading.Thread(target=listen, daemon=True).start()


class Purse:
    """Gives out jobs until a budget is used up."""

    def __init__(self, budget):
        self.taken, self.budget = 0, budget
        self.until = time.monotonic() + budget['seconds']
        self.lock = threading.Lock()

    def take(self, wanted=1):
        with self.lock:
            if self.taken >= self.budget['least'] and time.monotonic() >= self.until:
                return 0
            given = min(wanted, self.budget['jobs'] - self.taken)
            self.taken += given
            return given


class Producer:
    def enqueue(self, options):
        data, budget, way = input_of(options.get('bytes', 100)), options['budget'], getattr(self, options['how'])
        if options.get('isWarm'):
            way(data, Purse(warm_up(budget)))
        began, cpu = time.monotonic(), time.process_time()
        purse = Purse(budget)
        way(data, purse)
        return {
            'jobs': purse.taken,
            'seconds': time.monotonic() - began,
            'cpuSeconds': time.process_time() - cpu,
        }

    def one(self, data, purse):
        while purse.take():
            nothing.delay(data)

    def callers(self, data, purse):
        threads = [threading.Thread(target=self.one, args=(data, purse)) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def bulk(self, data, purse):
        while count := purse.take(1000):
            group(nothing.s(data) for _ in range(count)).apply_async()

    def came(self):
        """When each job's end was heard of; listened to from the first call on."""
        if not hasattr(self, 'heard'):
            self.heard = {}
            notices(lambda job: self.heard.setdefault(job, time.monotonic()))
        return self.heard

    def latency(self, options):
        data = input_of()

        def one():
            began = time.monotonic()
            try:
                nothing.delay(data).get(timeout=1)
            except Exception:
                return LATE_MS
            return (time.monotonic() - began) * 1000

        for _ in range(options['warm']):
            one()
        purse, pace = Purse(options['budget']), options.get('perSecond')
        jobs = options['budget']['jobs']
        if not pace:
            waits = []
            while purse.take():
                waits.append(one())
            return waits
        sent, came = {}, self.came()
        began = time.monotonic()
        for n in range(jobs):
            wait = began + n / pace - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            at = time.monotonic()
            sent[nothing.delay(data).id] = at
        give_up = time.monotonic() + LATE_MS / 1000
        while any(job not in came for job in sent) and time.monotonic() < give_up:
            time.sleep(0.01)
        return [min(LATE_MS, (came.get(job, at + 1) - at) * 1000) for job, at in sent.items()]

    def schedule(self, options):
        for n in range(options['jobs']):
            due = options['at'] + n * options['overMs'] // options['jobs']
            nothing.apply_async(({**input_of(), 'dueAt': due},), countdown=max(0, due / 1000 - time.time()))


class Worker:
    def __init__(self):
        self.file = f'/tmp/lovage-bench-celery-{os.getpid()}'
        open(self.file, 'w').close()

    def start(self, options):
        handler = options['handler']
        os.environ.update(DOES=handler['does'], WAIT_MS=str(handler.get('ms', 0)), LATE=self.file)
        # Threads hold what is running in this process, as a hundred children would not fit.
        pool = 'threads' if handler['does'] in ('never', 'wait') else 'prefork'
        count = options['concurrency'] if pool == 'threads' else min(CORES, options['concurrency'])
        ready = threading.Event()
        main.append((pool, count, ready))
        ready.wait()

    def span(self, options):
        return ended.span(options)

    def run(self, budget):
        return ended.run(budget)

    def ended(self):
        return ended.count

    def begun(self, count):
        while sum(1 for _ in open(self.file)) < count:
            time.sleep(0.01)

    def late(self):
        with open(self.file) as late:
            return [float(line) for line in late]


class Listener:
    def __init__(self):
        self.counter = Counter(time.process_time)

    def start(self):
        notices(self.counter.hit)

    def span(self, options):
        return self.counter.span(options)

    def heard(self):
        return self.counter.count


answers = os.fdopen(3, 'w')
writing = threading.Lock()
main = []


def say(answer):
    with writing:
        answers.write(json.dumps(answer) + '\n')
        answers.flush()


part = {'producer': Producer, 'worker': Worker, 'listener': Listener}[role]()


def answer(request):
    try:
        value = getattr(part, request['method'])(*request['args'])
        say({'n': request['n'], 'value': value})
    except Exception as error:
        say({'n': request['n'], 'error': f'{type(error).__name__}: {error}'})


def serve():
    say({'n': 0})
    # Not sys.stdin: its lock would be held for ever in each child that is forked off meanwhile.
    for line in open(os.dup(0), 'rb', buffering=0):
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()
    os.killpg(0, signal.SIGKILL)


if role != 'worker':
    serve()
else:
    threading.Thread(target=serve, daemon=True).start()
    while not main:
        time.sleep(0.005)
    pool, count, ready = main[0]
    worker_ready.connect(lambda **_: ready.set(), weak=False)
    app.Worker(pool=pool, concurrency=count, loglevel='WARNING', quiet=True).start()
