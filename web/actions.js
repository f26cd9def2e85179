// What buttons and forms do, by the name in their data-action, data-submit or data-change.

import {Away} from './api.js';
import {showError} from './dialog.js';

/** Name -> async function of the element's data. */
export const actions = new Map();

/** `after` is called when an action has ended. */
export function listen(after) {
  const heed = (event, attribute) => {
    const element = event.target.closest(`[${attribute}]`);
    if (!element) return;
    if (event.type !== 'change') event.preventDefault();
    run(element, actions.get(element.getAttribute(attribute)), after);
  };
  document.addEventListener('click', (event) => heed(event, 'data-action'));
  document.addEventListener('submit', (event) => heed(event, 'data-submit'));
  document.addEventListener('change', (event) => heed(event, 'data-change'));
}

/** Once at a time. Not disabled meanwhile: that would take the focus away. */
async function run(element, action, after) {
  if (!action || element.getAttribute('aria-busy') === 'true') return;
  element.setAttribute('aria-busy', 'true');
  try {
    await action(element.dataset, element);
  } catch (error) {
    await showError(error);
  } finally {
    element.removeAttribute('aria-busy');
    after();
  }
}

/** Why this page offers no actions; '' where it does. */
export function whyNot(state) {
  if (state.away) return 'Nothing can be done while the daemon does not answer.';
  if (state.role !== 'operate') return 'This token may only look; actions take the operate token.';
  return '';
}

/** What is to be said of an error, and what to do next. */
export function explain(error) {
  if (error instanceof Away) {
    return `The daemon is gone: ${error.message}. Whether this took effect is not known; ` +
           'look again once it is back.';
  }
  const unknown = error.outcome === 'unknown' ? ' Whether it took effect is not known.' : '';
  return `${error.message}${error.hint ? `; ${error.hint}` : ''}.${unknown}`;
}
