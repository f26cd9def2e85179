// Elements from data. Texts are only ever set as texts, so that no key and no message is markup.

/** An element; attributes that are null or false are left out, `true` stands without a value. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...clean(children));
  return element;
}

function clean(children) {
  return children.flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false);
}

/**
 * Makes the children of `parent` like `wanted`. What is there already is changed in place, so that
 * focus, selection and what was typed stay. Children with a data-key keep it wherever they move;
 * those below data-opaque belong to others.
 */
export function fill(parent, ...wanted) {
  const nodes = clean(wanted)
      .map((child) => (child instanceof Node ? child : document.createTextNode(child)));
  const keys = new Set(nodes.map(keyOf).filter(Boolean));
  for (const child of [...parent.children]) {
    if (keyOf(child) && !keys.has(keyOf(child))) child.remove();
  }
  const keyed = new Map([...parent.children].map((child) => [keyOf(child), child]));
  let at = parent.firstChild;
  for (const node of nodes) {
    const known = keyOf(node) ? keyed.get(keyOf(node)) : at;
    if (!known || known.nodeName !== node.nodeName || keyOf(known) !== keyOf(node)) {
      parent.insertBefore(node, at);
      continue;
    }
    if (known === at) at = at.nextSibling;
    else parent.insertBefore(known, at);
    sync(known, node);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function keyOf(node) {
  return node.dataset?.key;
}

function sync(have, wanted) {
  if (have.nodeType === Node.TEXT_NODE) {
    if (have.data !== wanted.data) have.data = wanted.data;
    return;
  }
  for (const {name} of [...have.attributes]) {
    // An action under way is nothing that panels know of (actions.js).
    if (!wanted.hasAttribute(name) && name !== 'aria-busy') have.removeAttribute(name);
  }
  for (const {name, value} of [...wanted.attributes]) {
    if (have.getAttribute(name) !== value) have.setAttribute(name, value);
  }
  if (!('opaque' in have.dataset)) fill(have, ...wanted.childNodes);
}

export function byId(id) {
  return document.getElementById(id);
}

/** Tells it to those who do not see what changed, and shows it for a while. */
export function say(text) {
  const said = byId('said');
  said.textContent = text;
  clearTimeout(said.timer);
  said.timer = setTimeout(() => { said.textContent = ''; }, 8000);
}
