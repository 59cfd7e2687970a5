/** Which jobs a caller may touch. Absent: whatever task, whosever it is. */
export interface Scope {
  task?: string | undefined
  owner?: string | undefined
}

/** Whether a job of this task and owner may be touched. */
export const isWithin = (scope: Scope, task: string, owner: string | null): boolean =>
  (scope.task === undefined || scope.task === task) && (scope.owner === undefined || scope.owner === owner)
