// What docs/workers.md loads: something that takes its time and must be closed.
export interface Model {
  score(text: string): number
  close(): Promise<void>
}

export declare function loadModel(): Promise<Model>
