// Figures of a plot, without a page: ticks, words of values and times, smoothing, and one path for each line.
export const STEP = 0, AT = 1, VALUE = 2;

// Such as 0.4221, 12,400, 2e-5: as many digits as a person compares.
export const words = (value) => {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e9) return value.toPrecision(3).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 1e3) return Math.round(value).toLocaleString("en-US");
  return String(+value.toPrecision(4));
};

// Time since the start of the run: "40 s", "12 min", "3:05 h", "2 d 4 h".
export const elapsed = (seconds) => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  if (s < 5400) return s % 60 && s < 600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.round(s / 60)} min`;
  const minutes = Math.round(s / 60);
  if (s < 172800) return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
  const hours = Math.round(s / 3600);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

const TIME_GAPS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

export const ticks = (low, high, most, isTime) => {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0)) return [low];
  let gap = isTime ? TIME_GAPS.find((one) => one >= rough) : 0;
  if (!gap) {
    const size = 10 ** Math.floor(Math.log10(rough));
    gap = size * [1, 2, 5, 10].find((times) => size * times >= rough * 0.999999);
  }
  const found = [];
  for (let n = Math.ceil(low / gap); n * gap <= high + gap * 1e-9; n++) found.push(+(n * gap).toPrecision(12));
  return found;
};

export const logTicks = (low, high) => {
  const found = [];
  const wide = Math.log10(high / low) > 3;
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const times of wide ? [1] : [1, 2, 5]) found.push(times * 10 ** power);
  const inside = found.filter((one) => one >= low && one <= high);
  return inside.length > 1 ? inside : ticks(low, high, 4, false).filter((one) => one > 0);
};

// Exponential mean with the start corrected, as the server's.
export const smoothed = (points, weight) => {
  if (!weight) return points.map((point) => point[VALUE]);
  let mean = 0, correction = 1;
  return points.map((point) => {
    mean = weight * mean + (1 - weight) * point[VALUE];
    correction *= weight;
    return mean / (1 - correction);
  });
};

// A path that keeps the highest and the lowest of each pixel's column, so that spikes stay visible.
export const path = (xs, ys) => {
  const parts = [];
  let column = null, first = 0, low = 0, high = 0, last = 0;
  const flush = () => {
    if (column === null) return;
    for (const y of [first, ...(low < high ? [low, high] : []), last])
      if (!parts.length || parts.at(-1)[0] !== column || parts.at(-1)[1] !== y) parts.push([column, y]);
  };
  for (let n = 0; n < xs.length; n++) {
    if (!Number.isFinite(ys[n])) continue;
    const x = Math.round(xs[n] * 2) / 2;
    const y = Math.round(ys[n] * 10) / 10;
    if (x !== column) {
      flush();
      [column, first, low, high, last] = [x, y, y, y, y];
    } else {
      [low, high, last] = [Math.min(low, y), Math.max(high, y), y];
    }
  }
  flush();
  return parts.length === 1 ? `M${parts[0]}h0.5` : parts.map((one, n) => (n ? "L" : "M") + one).join("");
};
