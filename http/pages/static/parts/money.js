// US dollars and counts for people.

/**
 * Dollars with as many digits as say something: `$9.02`, `$0.0046`, `$0`.
 *
 * @param {number} dollars
 */
export function money(dollars) {
  if (dollars === 0) return "$0";
  if (dollars < 0.0001) return "under $0.0001";
  return `$${dollars < 0.1 ? String(Number(dollars.toPrecision(2))) : dollars.toFixed(2)}`;
}

/**
 * A count in few characters: `812`, `9.3k`, `1.2M`.
 *
 * @param {number} count
 */
export function short(count) {
  if (count < 1000) return String(count);
  const [size, unit] = count < 999_950 ? [count / 1000, "k"] : [count / 1_000_000, "M"];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)}${unit}`;
}
