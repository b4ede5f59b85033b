// Tasks as a board, and what a move within it asks of the service.

/** @import { ChangeTask, ListedTask } from "../client/ledger.js" */

/**
 * The three columns. What waits is in the order in which it starts, by codebase; the rest has the newest first.
 *
 * @param {ListedTask[]} tasks
 * @param {(id: string) => string} nameOf the name of a codebase
 */
export function boardOf(tasks, nameOf) {
  const pending = tasks.filter(({ status }) => status === "pending");
  const waiting = pending.sort(
    (one, other) =>
      nameOf(one.codebase_id).localeCompare(nameOf(other.codebase_id)) || (one.place ?? 0) - (other.place ?? 0),
  );
  const atWork = tasks.filter(({ status }) => status === "running" || status === "interrupted");
  const done = tasks.filter(({ status }) => ["completed", "failed", "cancelled"].includes(status));
  return { waiting, atWork, done };
}

/**
 * The change that moves a waiting task by this number of places in its codebase's queue. Null where it stays.
 *
 * @param {ListedTask} task
 * @param {ListedTask[]} waiting as the board has them
 * @param {number} by negative for earlier
 * @returns {ChangeTask | null}
 */
export function moved(task, waiting, by) {
  const own = waiting.filter((one) => one.codebase_id === task.codebase_id);
  const from = own.findIndex((one) => one.id === task.id);
  const to = Math.min(Math.max(from + by, 0), own.length - 1);
  if (from < 0 || to === from) return null;
  const behind = own[to > from ? to + 1 : to];
  return { position: behind ? { before: behind.id } : "last" };
}
