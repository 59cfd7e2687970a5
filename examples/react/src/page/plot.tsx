// The drawing. uPlot, because it draws on one canvas and so can draw anew with each result that comes, and because it is
// 22 kB compressed, has no dependencies, and leaves colours and words to the page.
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import type { Point } from './mood-points.ts'
import { useTheme } from './theme.ts'
import { percent } from './words.ts'

interface Props {
  points: readonly Point[]
  trend: readonly (number | null)[]
  label: string
  /** The place of the point under the pointer, or `null`. */
  onPoint: (place: number | null) => void
}

/** px; on a phone it takes less of the screen. */
const heights = { wide: 280, narrow: 220 }
const narrow = 500 // px of width

export function Plot({ points, trend, label, onPoint }: Props) {
  const home = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const data = useRef<uPlot.AlignedData>([[], [], []])
  const theme = useTheme()

  useEffect(() => {
    const element = home.current as HTMLDivElement
    const drawn = new uPlot(optionsOf(element, onPoint), data.current, element)
    plot.current = drawn
    const resize = new ResizeObserver(() => drawn.setSize(sizeOf(element)))
    resize.observe(element)
    return () => {
      resize.disconnect()
      drawn.destroy()
    }
  }, [theme, onPoint])

  useEffect(() => {
    data.current = [points.map(({ year }) => year), points.map(({ positive }) => positive), [...trend]]
    plot.current?.setData(data.current)
  }, [points, trend])

  return <div ref={home} className="plot" role="img" aria-label={label} />
}

function optionsOf(element: HTMLElement, onPoint: Props['onPoint']): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const axis = {
    stroke: colour('--dim'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    ...sizeOf(element),
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, fill: colour('--accent') } },
    scales: { x: { time: false, range: [1786, 2025] }, y: { range: [0.4, 0.9] } },
    axes: [
      { ...axis, values: (_, years) => years.map(String), space: 60, size: 28 },
      { ...axis, values: (_, shares) => shares.map(percent), size: 44 },
    ],
    series: [
      {},
      {
        paths: () => null,
        points: { show: true, size: 5, fill: colour('--accent-soft'), stroke: colour('--accent-soft') },
      },
      { stroke: colour('--accent'), width: 2, points: { show: false }, spanGaps: false },
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  }
}

function sizeOf({ clientWidth }: HTMLElement): { width: number; height: number } {
  return { width: clientWidth, height: clientWidth < narrow ? heights.narrow : heights.wide }
}
