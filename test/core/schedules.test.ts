/** Schedules that users add at run time. */
import { describe, expect, test } from 'vitest'
import { chain } from '@lovage/core'
import { errorOf, setUp } from './life.ts'

const HOUR = 3_600_000

describe('a schedule that is added', () => {
  test('is listed with all that it says, changes under its name, and goes', async () => {
    const { queue, clock } = await setUp()
    const timing = { cron: '0 7 * * 1', tz: 'Europe/Berlin', missed: 'skip' } as const
    expect(await queue.schedules.add('digest', queue.mail.call('ada'), timing)).toBe('added')
    expect(await queue.schedules.add('digest', queue.mail.call('ada'), timing)).toBe('same')
    const [digest] = await queue.schedules.list()
    expect(digest).toMatchObject({
      name: 'digest',
      task: 'mail',
      input: 'ada',
      source: 'user',
      ...timing,
      overlap: 'skip',
    })
    expect(new Date(digest!.nextAt).getUTCDay()).toBe(1)
    expect(digest!.nextAt).toBeGreaterThan(clock.now())
    expect(await queue.schedules.add('digest', queue.mail.call('bob'), { every: '2h' })).toBe('changed')
    expect(await queue.schedules.list()).toMatchObject([{ input: 'bob', everyMs: 2 * HOUR }])
    expect(await queue.schedules.remove('digest')).toBe(true)
    expect(await queue.schedules.remove('digest')).toBe(false)
    expect(await queue.schedules.list()).toEqual([])
  })

  test('makes jobs with the options of the call and the rules of the task', async () => {
    const { queue } = await setUp()
    await queue.schedules.add('digest', queue.mail.call('ada', { priority: 5, tags: ['weekly'] }), {
      every: '1h',
    })
    const job = await queue.schedules.trigger('digest')
    expect(await job.get()).toMatchObject({
      task: 'mail',
      queue: 'mail',
      priority: 5,
      tags: ['mail', 'weekly'],
    })
  })

  test('can be triggered beside its ticks, and keeps to its overlap policy', async () => {
    const { queue, driver } = await setUp()
    await queue.schedules.add('skipping', queue.plain.call(1), { every: '1h' })
    const job = await queue.schedules.trigger('skipping')
    expect((await queue.schedules.trigger('skipping')).id).toBe(job.id)
    await driver.succeed(await driver.next(), 1)
    expect((await queue.schedules.trigger('skipping')).id).not.toBe(job.id)

    await queue.schedules.add('replacing', queue.plain.call(1), { every: '1h', overlap: 'replace' })
    const old = await queue.schedules.trigger('replacing')
    await queue.schedules.trigger('replacing')
    expect(await old.get()).toMatchObject({ state: 'cancelled' })

    await queue.schedules.add('both', queue.plain.call(1), { every: '1h', overlap: 'allow' })
    expect((await queue.schedules.trigger('both')).id).not.toBe((await queue.schedules.trigger('both')).id)
  })

  test('is refused when anything about it cannot be', async () => {
    const { queue } = await setUp()
    const { schedules } = queue
    const wrong: [Promise<unknown>, object][] = [
      [schedules.add('a', queue.plain.call('x' as never), { every: '1h' }), { code: 'INPUT_INVALID' }],
      [schedules.add('', queue.plain.call(1), { every: '1h' }), { details: { option: 'schedule.name' } }],
      [schedules.add('a', queue.plain.call(1), { cron: 'x' }), { details: { option: 'schedule.cron' } }],
      [
        schedules.add('a', queue.plain.call(1), { cron: '0 3 * * *', tz: 'x' }),
        { details: { option: 'schedule.tz' } },
      ],
      [
        schedules.add('a', queue.plain.call(1, { delay: '1m' }), { every: '1h' }),
        { details: { option: 'delay' } },
      ],
      [
        schedules.add('a', chain(queue.plain.call(1), queue.report.step()), { every: '1h' }),
        { details: { option: 'call' } },
      ],
      [schedules.trigger('nope'), { details: { option: 'name' } }],
    ]
    for (const [call, error] of wrong) expect(await errorOf(call)).toMatchObject(error)
    expect(await schedules.list()).toEqual([])
  })
})
