// Calls of the daemon's API.

const kTokenName = 'godwit.token';
const kPatience = 10_000;
/** The daemon says every 15 s that a stream still lives. */
const kSilence = 40_000;

/** The daemon answered that it will not, or cannot. */
export class Refused extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.hint = error.hint ?? '';
    this.outcome = error.outcome ?? '';
  }
}

/** Nobody answered. */
export class Away extends Error {}

// Of this tab only, and gone with it.
export const token = {
  get: () => sessionStorage.getItem(kTokenName) ?? '',
  set: (text) => sessionStorage.setItem(kTokenName, text),
  forget: () => sessionStorage.removeItem(kTokenName),
};

function headers() {
  return token.get() ? {Authorization: `Bearer ${token.get()}`} : {};
}

async function send(path, options) {
  try {
    return await fetch(path, {cache: 'no-store', credentials: 'omit', ...options});
  } catch (error) {
    throw new Away(error.name === 'TimeoutError' ? 'it does not answer' : 'it cannot be reached');
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  return new Refused(response.status, body.error ?? {message: `status ${response.status}`});
}

/** What the daemon answers; null where that is nothing. Failure: Refused, Away. */
export async function call(method, path, body, patience = kPatience) {
  const response = await send(path, {
    method,
    headers: headers(),
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: patience ? AbortSignal.timeout(patience) : undefined,
  });
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw new Away('its answer broke off');
  }
}

export function get(path) {
  return call('GET', path);
}

/** One that may wait for stores, as long as it takes. */
export function order(path, body = {}) {
  return call('POST', path, body, 0);
}

export function groupPath(group, rest = '') {
  return `/api/v1/groups/${encodeURIComponent(group)}${rest}`;
}

export function targetPath(group, target, rest = '') {
  return groupPath(group, `/targets/${encodeURIComponent(target)}${rest}`);
}

/**
 * Calls `take` with each event of a stream, until `signal` is aborted. A fetch, since an EventSource
 * sends no token. Failure: Refused; Away, when the stream ends or falls silent.
 */
export async function follow(path, take, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), kSilence);
  const either = AbortSignal.any([signal, silence.signal]);
  try {
    const response = await send(path, {headers: headers(), signal: either});
    if (!response.ok) throw await refusal(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const {value, done} = await reader.read();
      if (done) throw new Away('it has ended the connection');
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), kSilence);
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      blocks.map(dataOf).filter(Boolean).forEach((data) => take(JSON.parse(data)));
    }
  } catch (error) {
    if (error instanceof Refused || error instanceof Away) throw error;
    throw new Away(silence.signal.aborted ? 'it has fallen silent' : 'the connection is gone');
  } finally {
    clearTimeout(timer);
  }
}

/** Of one server-sent event; comments have none. */
export function dataOf(block) {
  return block.split('\n').filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart()).join('\n');
}
