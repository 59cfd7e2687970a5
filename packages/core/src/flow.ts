/**
 * Trees of jobs: a parent waits until its children have given it its input. A chain is a parent with one child, which
 * has one itself; a group is a parent without a handler; a chord is a parent of many.
 */

import type { Encoded } from './codec.ts'

/** A job's place in its tree, as a store takes it. */
export interface FlowPlace {
  parent?: {
    id: string
    /** The place of this job's output in the parent's input, from 0. */
    part: number
    /**
     * What the parent does when this one ends otherwise than `succeeded`. `fail`: it fails with `DEPENDENCY_FAILED`,
     * and its other children are cancelled. `keep`: it takes note. Where it is `keep`, the part is a `KeptPart`.
     */
    onFailure: 'fail' | 'keep'
  }
  /** Of a parent. */
  waits?: {
    /** How many children it has. All are enqueued in the same call. */
    children: number
    /** `only`: its input is the one part itself. `list`: an array of the parts. */
    input: 'only' | 'list'
    /** It has no handler: once its input is whole it succeeds with it. */
    isGroup: boolean
  }
}

/** What a parent gets of a child whose failure it keeps. */
export type KeptPart<Output = unknown> =
  | { ok: true; value: Output }
  | { ok: false; error: { name: string; message: string } }

/** What came of a child, as stores keep it for the parent. */
export type Part = { value: Encoded; isKept: boolean } | { error: { name: string; message: string } }

/** How far the children of a waiting job are. Written as its `progress` with each child that ends. */
export interface FlowProgress {
  done: number
  total: number
}

/** Why the other children of a parent are cancelled, with nobody as `by`. */
export const FLOW_FAILED = 'another job of its flow did not succeed'
export const FLOW_EXPIRED = 'its flow expired'
