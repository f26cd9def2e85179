// The figures of the last hour, as the daemon tells them piece by piece. Pure.

const kMost = 720;
export const kFields = ['lag_ms', 'tasks', 'bytes_per_second', 'writes_per_second'];

export function none() {
  return {last: 0, at: [], targets: new Map()};
}

/** `history` with the moments that `told` has beyond it; null where a target was none. */
export function merge(history, told) {
  const old = told.last < history.last ? none() : history;
  const more = told.at_ms.length;
  const at = [...old.at, ...told.at_ms].slice(-kMost);
  const targets = new Map();
  for (const series of told.targets) {
    const before = old.targets.get(series.name);
    targets.set(series.name, Object.fromEntries(kFields.map((field) => {
      const known = before?.[field] ?? new Array(old.at.length).fill(null);
      return [field, [...known, ...series[field]].slice(-kMost)];
    })));
  }
  return more === 0 && told.last === old.last ? old : {last: told.last, at, targets};
}
