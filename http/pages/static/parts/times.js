// Times and durations for people, in their own time zone and in few characters.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A duration, in its two largest units: `9 s`, `3 min 5 s`, `2 h 1 min`, `3 d 4 h`.
 *
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return both(Math.floor(seconds / MINUTE), "min", seconds % MINUTE, "s");
  if (seconds < DAY) return both(Math.floor(seconds / HOUR), "h", Math.floor((seconds % HOUR) / MINUTE), "min");
  return both(Math.floor(seconds / DAY), "d", Math.floor((seconds % DAY) / HOUR), "h");
}

/** @param {number} large @param {string} unit @param {number} small @param {string} smaller */
const both = (large, unit, small, smaller) => `${large} ${unit}${small ? ` ${small} ${smaller}` : ""}`;

/**
 * A countdown in minutes and seconds: `9:40`.
 *
 * @param {number} milliseconds
 */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / HOUR), Math.floor((seconds % HOUR) / MINUTE)];
  const end = String(seconds % MINUTE).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}

/**
 * The time of day, and the date where it isn't today.
 *
 * @param {string | number} time as the service writes it, or in milliseconds
 * @param {number} now in milliseconds
 */
export function clock(time, now) {
  const date = new Date(time);
  const [day, hours] = [dayOf(date), date.toTimeString().slice(0, 8)];
  return day === dayOf(new Date(now)) ? hours : `${day} ${hours}`;
}

/** @param {Date} date */
function dayOf(date) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
