// The map as geometry. No DOM. Points are {id, x, y, value}; places on the page are shares, 0 to 1, y downwards.

const EDGE = 0.05; // of the plane, free of points

/** Points with their places, {id, value, at: [x, y]}, so that all fit in. */
export function placedPoints(points) {
  const [left, wide] = spanOf(points.map((point) => point.x)), [low, high] = spanOf(points.map((point) => point.y));
  const share = (value, from, span) => EDGE + (1 - 2 * EDGE) * ((value - from) / span);
  return points.map(({ id, x, y, value }) => ({ id, value, at: [share(x, left, wide), 1 - share(y, low, high)] }));
}

function spanOf(values) {
  const least = Math.min(...values);
  return [least, Math.max(...values) - least || 1];
}

const away = ([x, y], [u, v], [wide, high]) => Math.hypot((x - u) * wide, (y - v) * high);

/** The point nearest to a place, `reach` pixels away at most; `size` is of the page. */
export function nearest(points, at, size, reach = Infinity) {
  let best = null, least = reach;
  for (const point of points) {
    const far = away(point.at, at, size);
    if (far <= least) [best, least] = [point, far];
  }
  return best;
}

/** The nearest point in a direction, within 45 degrees; the point itself if there is none. */
export function towards(points, from, [dx, dy], size) {
  const there = points.filter(({ id, at }) => {
    const [x, y] = [(at[0] - from.at[0]) * size[0], (at[1] - from.at[1]) * size[1]];
    const along = x * dx + y * dy;
    return id !== from.id && along > 0 && along >= Math.abs(x * dy - y * dx);
  });
  return nearest(there, from.at, size) ?? from;
}

/** How far on the way from one place to another the nearest place of the way is, 0 to 1. */
export function alongWay(at, one, other, size) {
  const [x, y] = [(other[0] - one[0]) * size[0], (other[1] - one[1]) * size[1]];
  const [u, v] = [(at[0] - one[0]) * size[0], (at[1] - one[1]) * size[1]];
  const square = x * x + y * y;
  return square ? Math.max(0, Math.min(1, (u * x + v * y) / square)) : 0;
}

/** The shares of three corners at a place: they sum to 1; outside, those of the nearest place inside. */
export function sharesAt(at, [a, b, c]) {
  const area = (p, q, r) => (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]);
  const whole = area(a, b, c);
  if (Math.abs(whole) < 1e-9) return [1 / 3, 1 / 3, 1 / 3];
  const shares = [area(at, b, c), area(a, at, c), area(a, b, at)].map((part) => Math.max(0, part / whole));
  const sum = shares.reduce((one, other) => one + other);
  return shares.map((share) => share / sum);
}

/** The place of some shares of corners. */
export function placeOf(shares, corners) {
  return [0, 1].map((axis) => corners.reduce((sum, corner, n) => sum + shares[n] * corner[axis], 0));
}

/** The shares after one of them is set: the others keep their proportion. */
export function withShare(shares, index, value) {
  const rest = shares.reduce((sum, share, n) => (n === index ? sum : sum + share), 0), count = shares.length - 1;
  return shares.map((share, n) => (n === index ? value : rest > 1e-9 ? (share / rest) * (1 - value) : (1 - value) / count));
}

/** A value among the least and the most, 0 to 1; null stays null. */
export function scaleOf(points) {
  const values = points.map((point) => point.value).filter((value) => value !== null && Number.isFinite(value));
  const least = Math.min(...values), most = Math.max(...values);
  return { least, most, at: (value) => (value === null || !Number.isFinite(value) ? null : (value - least) / (most - least || 1)) };
}
