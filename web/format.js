// Figures as people read them. Pure; the same words as the command line has.

export function duration(ms) {
  if (!(ms > 0)) return '0';
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)}s`;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  const pad = (number) => String(number).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(Math.floor(seconds) % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${pad(hours % 24)}h`;
}

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    ++unit;
  }
  if (unit === 0) return `${Math.round(value)} B`;
  return `${value.toPrecision(value >= 1000 ? 4 : 3)} ${units[unit]}`;
}

export function rate(count) {
  return `${bytes(count)}/s`;
}

/** In MB/s, as goals are set. */
export function decimalRate(count) {
  const [size, unit] = count >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
  return `${Number((count / size).toPrecision(3))} ${unit}/s`;
}

/** 1234567 as "1,234,567"; few decimals where it is small. */
export function count(value) {
  const digits = value < 10 ? 1 : 0;
  return value.toLocaleString('en-US', {maximumFractionDigits: digits});
}

export function plural(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A moment in the reader's own time zone; with the day where it is not today. */
export function clock(ms, now = Date.now()) {
  const at = new Date(ms);
  const pad = (number) => String(number).padStart(2, '0');
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  if (new Date(now).toDateString() === at.toDateString()) return time;
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}`;
}

/** "write_replicated" as "write replicated". */
export function words(name) {
  return String(name ?? '').replaceAll('_', ' ');
}
