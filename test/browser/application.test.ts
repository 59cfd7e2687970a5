// The example application in a real Chromium, over real sockets, with its API and worker as processes.
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { createQueue } from '@lovage/server'
import { defineTasks, task } from '@lovage/core'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { buildPage, openBrowser, Stage } from './stage.ts'

/** With LOVAGE_SCREENSHOTS the pictures of the docs are taken anew. */
const pictures = process.env['LOVAGE_SCREENSHOTS'] !== undefined
// A browser, an API and a worker at once: on a busy machine with few cores that takes its time.
const patienceMs = pictures ? 300_000 : 120_000
vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs })

let browser: Browser
let page: Awaited<ReturnType<typeof buildPage>>
let stages = 0

beforeAll(async () => {
  ;[browser, page] = await Promise.all([openBrowser(), buildPage()])
})
afterAll(async () => {
  await browser?.close()
  await page?.remove()
})

const faults: Error[][] = []
afterEach(() => {
  expect(faults.splice(0).flat()).toEqual([])
})

interface Options {
  paceMs?: number
  tokenMs?: number
  inMemory?: boolean
}

async function openStage({ inMemory = false, ...options }: Options = {}) {
  const namespace = `browser-${process.pid}-${stages++}`
  const redisUrl = inMemory ? undefined : inject('redisUrl')
  const stage = await Stage.open({ browser, page: page.folder, redisUrl, namespace, ...options })
  faults.push(stage.faults)
  onTestFinished(() => stage[Symbol.asyncDispose]())
  return { stage, namespace, redisUrl }
}

/** So many texts, the first of which names the job. */
const texts = (title: string, count: number): string =>
  [title, ...Array.from({ length: count - 1 }, (_, i) => `A wonderful day, number ${i}.`)].join('\n')

async function score(tab: Page, text: string, each = false): Promise<void> {
  await tab.bringToFront() // hidden tabs have no frames, and without frames no click is sure to hit
  // Typing is for a few: Playwright types through an editor command that takes seconds for a thousand lines.
  const file = { name: 'texts.txt', mimeType: 'text/plain', buffer: Buffer.from(text) }
  if (text.length > 1_000) await tab.locator('input[type=file]').setInputFiles(file)
  else await tab.getByLabel(/^One text a line/).fill(text)
  await tab.getByLabel('Each text as a job of its own').setChecked(each)
  await tab.getByRole('button', { name: /^Score .* texts?$/ }).click()
}

const row = (tab: Page, title: string): Locator => tab.getByRole('listitem', { name: title, exact: true })

async function ended(tab: Page, title: string, state: string): Promise<void> {
  await tab.bringToFront()
  await tab.locator(`li[data-state=${state}]`).filter({ hasText: title }).waitFor()
}

/** Waits until a job stands beyond so many percent; one that has ended stands at 100. */
async function progress(tab: Page, title: string, beyond: number): Promise<number> {
  await tab.bringToFront()
  const seen = await tab.waitForFunction(
    ([name, least]) => {
      const row = [...document.querySelectorAll('.row')].find(
        (each) => each.getAttribute('aria-label') === name,
      )
      const bar = row?.querySelector('[role=progressbar]')
      const percent = bar ? Number(bar.getAttribute('aria-valuenow')) : row ? 100 : 0
      return percent > least ? percent : undefined
    },
    [title, beyond] as const,
    { polling: 20 }, // ms
  )
  return (await seen.jsonValue()) as number
}

test('a job is enqueued, its progress moves by itself, and its result is read, without one poll', async () => {
  const { stage } = await openStage()
  const tab = await stage.tab()
  await score(tab, texts('A first look', 400))
  await progress(tab, 'A first look', 5)

  const calls: string[] = []
  tab.on('request', (request) => void calls.push(request.url()))
  const seen = await progress(tab, 'A first look', 40)
  expect(seen).toBeLessThan(100)
  await ended(tab, 'A first look', 'succeeded')
  expect(calls).toEqual([])

  await expect(row(tab, 'A first look').locator('.state').textContent()).resolves.toMatch(/positive of 400$/)
  await row(tab, 'A first look').getByRole('button', { expanded: false }).click()
  await row(tab, 'A first look').getByText('A wonderful day, number 3.').waitFor()
})

test('after a reload in the middle the job goes on where it was', async () => {
  const { stage } = await openStage()
  const tab = await stage.tab()
  await score(tab, texts('A long text', 900))
  const before = await progress(tab, 'A long text', 10)
  await tab.reload()
  await expect(progress(tab, 'A long text', before - 1)).resolves.toBeGreaterThanOrEqual(before)
  await tab.getByText(/^Live/).waitFor()
  await ended(tab, 'A long text', 'succeeded')
  await expect(tab.getByRole('listitem', { name: 'A long text' }).count()).resolves.toBe(1)
})

test('a line that is cut in the middle is opened again, and the job is seen to its end', async () => {
  const { stage } = await openStage()
  const tab = await stage.tab()
  await score(tab, texts('Through a cut', 600))
  await progress(tab, 'Through a cut', 5)
  const { connections } = stage.line
  stage.line.cut()
  await ended(tab, 'Through a cut', 'succeeded')
  await tab.getByText(/^Live/).waitFor()
  expect(stage.line.connections).toBeGreaterThan(connections)
})

test('what happens while the API is killed is delivered, and counted, once it is back', async () => {
  const { stage, namespace, redisUrl } = await openStage()
  const queue = createQueue({ tasks: defineTasks({ scoreTexts: task() }), redis: redisUrl, namespace })
  onTestFinished(() => queue.close())
  const tab = await stage.tab()
  await score(tab, texts('Through a crash', 700))
  await progress(tab, 'Through a crash', 5)

  await stage.killApi()
  await tab.getByText(/^Offline, reconnecting/).waitFor()
  for await (const { type } of queue.notices({ from: 'start' })) if (type === 'succeeded') break
  await expect(row(tab, 'Through a crash').getAttribute('data-state')).resolves.toBe('running')

  await stage.restartApi()
  await ended(tab, 'Through a crash', 'succeeded')
  await tab.getByText(/^Live, caught up with [1-9]\d* notices?$/).waitFor()
})

test.for(['gets its network back', 'is looked at again'])(
  'a page that waits half a minute to connect connects at once when it %s',
  async (what) => {
    const { stage } = await openStage({ inMemory: true })
    const context = await stage.context()
    const tab = await stage.tab('Ada', context, async (page) => {
      await page.addInitScript(() => {
        Math.random = () => 0.999 // as long as it may wait
      })
      await page.clock.install()
    })
    await stage.killApi()
    await tab.getByText(/^Offline, reconnecting/).waitFor()
    for (let failed = 0; failed < 8; failed++) {
      const { connections } = stage.line
      while (stage.line.connections === connections) await tab.clock.runFor(5_000)
    }
    await stage.restartApi()
    await tab.clock.pauseAt(await tab.evaluate(() => Date.now() + 1_000)) // from here on no wait ends by itself
    if (what === 'is looked at again')
      await tab.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    else for (const isOffline of [true, false]) await context.setOffline(isOffline)
    const { connections } = stage.line
    await tab.clock.runFor(600) // the longest wait before a first attempt, and a frame or two
    await expect.poll(() => stage.line.connections, { timeout: patienceMs }).toBeGreaterThan(connections)
    await tab.clock.resume()
    await tab.getByText(/^Live/).waitFor()
  },
)

test('what a job says is read while it runs, by whoever opens it, and all of it after a reload', async () => {
  const { stage } = await openStage()
  const tab = await stage.tab()
  const dark = 'The crisis has brought misery and ruin.'
  await score(tab, `${texts('A talkative job', 400)}\n${dark}\n${texts('And on it goes.', 400)}`)
  await row(tab, 'A talkative job').getByRole('button', { expanded: false }).click()
  const log = row(tab, 'A talkative job').getByRole('list', { name: 'Log' })
  await log.getByText('Scoring 801 texts').waitFor()
  await expect(row(tab, 'A talkative job').getAttribute('data-state')).resolves.toBe('running')
  await log.getByText(dark).waitFor()
  await ended(tab, 'A talkative job', 'succeeded')
  const said = await log.getByRole('listitem').allTextContents()
  await tab.reload()
  await row(tab, 'A talkative job').getByRole('button', { expanded: false }).click()
  await log.getByText(dark).waitFor()
  await expect(log.getByRole('listitem').allTextContents()).resolves.toEqual(said)
})

test('tokens run out and are replaced while a job is watched; nothing of it is lost or seen twice', async () => {
  const { stage } = await openStage({ tokenMs: 2_000, paceMs: 5 })
  const tab = await stage.tab()
  let tokens = 0
  tab.on('request', (request) => void (request.url().includes('/trpc/signIn') && (tokens += 1)))
  await score(tab, texts('Through four tokens', 1_200))
  await row(tab, 'Through four tokens').getByRole('button', { expanded: false }).click()
  await progress(tab, 'Through four tokens', 5)
  await expect.poll(() => tokens, { timeout: patienceMs, interval: 50 }).toBeGreaterThanOrEqual(4)
  await ended(tab, 'Through four tokens', 'succeeded')
  await tab.getByText(/^Live/).waitFor()
  await expect(tab.getByRole('alert').count()).resolves.toBe(0)
  const log = row(tab, 'Through four tokens').getByRole('list', { name: 'Log' })
  await log.getByText('Scoring 1,200 texts').waitFor()
  const said = await log.getByRole('listitem').allTextContents()
  expect(new Set(said).size).toBe(said.length)
})

test('whoever gets no other token when his has run out is told, and after signing in sees what he missed', async () => {
  const { stage } = await openStage({ tokenMs: 1_000, paceMs: 5 })
  const tab = await stage.tab()
  await score(tab, texts('While signed out', 400))
  await progress(tab, 'While signed out', 5)
  const refusal = {
    error: { json: { message: 'no', code: -32_001, data: { code: 'UNAUTHORIZED', httpStatus: 401 } } },
  }
  await tab.route('**/trpc/signIn**', (route) => route.fulfill({ status: 401, json: [refusal] }))
  await tab
    .getByRole('alert')
    .getByText(/Please sign in|has run out/)
    .waitFor()
  await tab.unroute('**/trpc/signIn**')
  await tab.getByRole('button', { name: 'Load again' }).click()
  await ended(tab, 'While signed out', 'succeeded')
  await tab.getByText(/^Live/).waitFor()
})

test('a second tab sees the same jobs, and either may cancel', async () => {
  const { stage } = await openStage()
  const context = await stage.context()
  const first = await stage.tab('Ada', context)
  const second = await stage.tab('Ada', context)
  await score(first, texts('For both tabs', 3_000))
  await progress(second, 'For both tabs', 1)
  await second.getByRole('button', { name: 'Cancel For both tabs' }).click()
  for (const tab of [second, first]) await ended(tab, 'For both tabs', 'cancelled')
  const third = await stage.tab('Ada')
  await ended(third, 'For both tabs', 'cancelled')
})

test('two users do not see each other’s jobs', async () => {
  const { stage } = await openStage({ inMemory: true })
  const context = await stage.context()
  const [ada, grace] = [await stage.tab('Ada', context), await stage.tab('Grace', context)]
  await score(ada, texts('Of Ada', 20))
  await ended(ada, 'Of Ada', 'succeeded')
  await score(grace, texts('Of Grace', 20)) // later on the same feed: had there been more for her, it would be there
  await ended(grace, 'Of Grace', 'succeeded')
  await expect(grace.locator('.row .title').allTextContents()).resolves.toEqual(['Of Grace'])
  await expect(ada.locator('.row .title').allTextContents()).resolves.toEqual(['Of Ada'])
})

test('a job that fails says why, in words, also to a screen reader', async () => {
  const { stage } = await openStage()
  const tab = await stage.tab()
  await score(tab, 'All is well.\nThis one cannot be read [fail]\nAll is well again.')
  await ended(tab, 'All is well.', 'failed')
  await row(tab, 'All is well.').getByText('Text 2 asks to fail: “This one cannot be read [fail]”').waitFor()
  await tab
    .getByRole('status')
    .filter({ hasText: 'All is well.: failed. None is left.' })
    .waitFor({ state: 'attached' })
})

test('a job that failed is tried again, in the place of the one before', async () => {
  const { stage } = await openStage()
  const tab = await stage.tab()
  await score(tab, `${texts('Try me', 20)}\nThis one cannot be read [fail]`)
  await ended(tab, 'Try me', 'failed')
  await row(tab, 'Try me').getByRole('button', { expanded: false }).click()
  const first = await row(tab, 'Try me').locator('.log').elementHandle()
  await row(tab, 'Try me').getByRole('button', { name: 'Try again: Try me' }).click()
  await first?.waitForElementState('hidden') // the row of another job is there
  await ended(tab, 'Try me', 'failed')
  await expect(tab.getByRole('listitem', { name: 'Try me' }).count()).resolves.toBe(1)
  const other = await stage.tab()
  await other.getByRole('heading', { name: 'Ended 2 2 failed' }).waitFor()
})

test('with the keyboard alone: sign in, choose a theme, enqueue, cancel, and the focus is never lost', async () => {
  const { stage } = await openStage({ inMemory: true, paceMs: 50 }) // 5 s for 100 texts: time enough to cancel
  const tab = await (await stage.context({ colorScheme: 'light' })).newPage()
  await tab.goto(stage.url)
  await tab.getByRole('heading', { name: 'Who are you?' }).waitFor()
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await tab.keyboard.press(key)
  }
  await press('Tab', 'Tab', 'Enter') // past the theme, to Ada
  await tab.getByText(/^Live/).waitFor()
  await tab.getByRole('button', { name: 'Use the dark theme' }).focus()
  await press('Enter')
  await expect(tab.evaluate(() => document.documentElement.dataset['theme'])).resolves.toBe('dark')
  await press('Tab')
  await tab.keyboard.insertText('Typed by hand. ')
  await tab.keyboard.insertText(Array.from({ length: 100 }, () => '\nAgain and again.').join(''))
  await press('Tab', 'Tab', 'Enter')
  const focus = (): Promise<string | undefined> => tab.evaluate(() => document.activeElement?.tagName)
  await expect.poll(focus, { timeout: patienceMs }).toBe('TEXTAREA')
  await tab.getByRole('button', { name: 'Cancel Typed by hand.' }).press('Enter')
  await ended(tab, 'Typed by hand.', 'cancelled')
  await expect(focus()).resolves.toBe('H2')
})

test('500 jobs at once all end, none is lost, and the page stays fluid meanwhile', async () => {
  const { stage } = await openStage({ paceMs: 1 })
  const tab = await stage.tab()
  await tab.evaluate(() => {
    const tasks: number[] = []
    Object.assign(globalThis, { longTasks: tasks })
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration)
    }).observe({ type: 'longtask' })
  })
  const startedAt = performance.now()
  await score(tab, Array.from({ length: 500 }, (_, i) => `A glorious victory, number ${i}.`).join('\n'), true)
  await tab.getByRole('heading', { name: 'Ended 500', exact: true }).waitFor()
  const tookMs = performance.now() - startedAt
  const longTasks = await tab.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks)
  console.log(
    `500 jobs in ${Math.round(tookMs)} ms; ${longTasks.length} tasks above 50 ms, the longest ${Math.round(Math.max(0, ...longTasks))} ms`,
  )
  for (const part of ['Running', 'Waiting']) {
    await expect(tab.getByRole('region', { name: part, exact: true }).count()).resolves.toBe(0)
  }
  for (;;) {
    const more = tab.getByRole('button', { name: /^and \d+ more$/ })
    if ((await more.count()) === 0) break
    await more.click()
  }
  const titles = await tab.locator('li[data-state=succeeded] .title').allTextContents()
  expect(new Set(titles).size).toBe(500)
})

const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1180, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1180, height: 900 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

describe('accessible and good to look at', () => {
  test('in light, in dark and on a phone axe finds nothing serious', async () => {
    const { stage } = await openStage({ paceMs: 0 })
    const first = await stage.tab()
    if (!pictures) await first.getByLabel('From').fill('1990')
    await first.getByRole('button', { name: /^Score \d+ addresses$/ }).click()
    await first.getByRole('heading', { name: pictures ? 'Ended 233' : 'Ended 32', exact: true }).waitFor()
    await score(first, 'All is well.\nThis one cannot be read [fail]')
    await ended(first, 'All is well.', 'failed')
    await score(first, 'What a wonderful day for our nation.\nThe crisis has brought misery and ruin.')
    await ended(first, 'What a wonderful day', 'succeeded')

    const tabs = new Map<string, Page>()
    for (const { name, ...look } of looks) {
      const context = await stage.context(look)
      const entrance = await context.newPage()
      await entrance.goto(stage.url)
      await entrance.getByRole('heading', { name: 'Who are you?' }).waitFor()
      await expectNoFindings(entrance, `${name}, signing in`)
      const tab = await stage.tab('Ada', context)
      await tab.getByRole('heading', { name: /^Ended \d+ 1 failed$/ }).waitFor()
      await row(tab, 'What a wonderful day for our nation.').getByRole('button').click()
      await row(tab, 'What a wonderful day for our nation.').locator('.score').first().waitFor()
      await expectNoFindings(tab, name)
      expect(await tooWide(tab), name).toEqual([])
      tabs.set(name, tab)
    }
    if (pictures) await takePictures(first, tabs)
  })
})

/** What makes the page wider than its window. */
const tooWide = (tab: Page): Promise<string[]> =>
  tab.evaluate(() => {
    const { documentElement: page } = document
    if (page.scrollWidth <= innerWidth) return []
    const all = [...document.querySelectorAll('body *')]
    return all
      .filter((each) => each.getBoundingClientRect().right > innerWidth)
      .map((each) => each.outerHTML.slice(0, 200))
  })

const axe = createRequire(import.meta.url).resolve('axe-core')

async function expectNoFindings(tab: Page, what: string): Promise<void> {
  await tab.addScriptTag({ path: axe })
  const findings = await tab.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run({
      resultTypes: ['violations'],
    })
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html) }))
  })
  const serious = findings.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious, what).toEqual([])
}

/** Each look at three jobs under way, which are over before the next one. */
async function takePictures(first: Page, tabs: ReadonlyMap<string, Page>): Promise<void> {
  const folder = resolve(import.meta.dirname, '../../docs/images')
  await mkdir(folder, { recursive: true })
  const months = ['March', 'April', 'May'].values()
  for (const [name, tab] of tabs) {
    const { value: month } = months.next()
    const titles = ['Letters', 'Reviews', 'Minutes'].map((what) => `${what} of ${month}`)
    for (const [place, title] of titles.entries()) {
      await score(first, texts(title, 5_000))
      await progress(first, title, 15 - 6 * place)
    }
    await tab.bringToFront()
    await tab.getByRole('progressbar').nth(2).waitFor()
    await row(tab, `Reviews of ${month}`).getByRole('button', { expanded: false }).click()
    await row(tab, `Reviews of ${month}`).locator('.log li').nth(1).waitFor()
    await tab.evaluate(() =>
      (innerWidth < 500 ? document.querySelector('.chart') : document.body)?.scrollIntoView(),
    )
    await tab.screenshot({ path: resolve(folder, `react-${name}.png`) })
    for (const title of titles) await ended(first, title, 'succeeded')
  }
}
