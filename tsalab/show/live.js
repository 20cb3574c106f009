// A running step: markup that the kernel made, changed in place when it changes.

const PARSER = document.createElement("template");

/** Whether an old node can become a new one: then whoever scrolls or reads in it is not disturbed. */
const same = (old, fresh) => old.nodeName === fresh.nodeName && old.className === fresh.className;

function attributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    // What the person has opened or closed, and what `reachable` has made, stays.
    if (!fresh.hasAttribute(name) && !["open", "tabindex"].includes(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

/** Give a node the content of another, touching only what differs and moving nothing. */
function become(old, fresh) {
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let match = at;
    while (match && !same(match, child)) match = match.nextSibling;
    if (!match) {
      old.insertBefore(child, at);
      continue;
    }
    while (at !== match) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    at = match.nextSibling;
    if (match.nodeType === Node.ELEMENT_NODE) {
      attributes(match, child);
      become(match, child);
    } else if (match.data !== child.data) match.data = child.data;
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

const scrolling = (root) => [...root.querySelectorAll("pre, .tsalab-events")];
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 4;

/** What scrolls can be reached by keyboard; what does not, need not. */
function reachable(box) {
  if (box.scrollHeight > box.clientHeight) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

function show(root, markup) {
  const followed = new Set(scrolling(root).filter(atEnd)); // who scrolled back wants to read there
  const known = new Set(scrolling(root));
  PARSER.innerHTML = markup;
  become(root, PARSER.content);
  toEnd(scrolling(root).filter((box) => followed.has(box) || !known.has(box)));
  scrolling(root).forEach(reachable);
}

const toEnd = (boxes) => boxes.forEach((box) => (box.scrollTop = box.scrollHeight));

/** Nothing scrolls before it is on the page and has a size: then the newest is shown first. */
function whenShown(root) {
  new ResizeObserver((_, observer) => {
    if (!root.offsetHeight) return;
    observer.disconnect();
    toEnd(scrolling(root));
    scrolling(root).forEach(reachable);
  }).observe(root);
}

function part(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

function render({ model, el }) {
  const root = part("div", "tsalab-live");
  const picture = part("div", "tsalab-live-picture");
  const state = part("div", "tsalab-live-state");
  const said = part("p", "tsalab-live-said");
  picture.setAttribute("role", "img");
  said.setAttribute("role", "status");
  said.setAttribute("aria-live", "polite");
  root.append(picture, state, said);
  el.append(root);

  const updates = {
    html: () => show(state, model.get("html")),
    svg: () => {
      picture.hidden = !model.get("svg");
      show(picture, model.get("svg"));
    },
    alt: () => picture.setAttribute("aria-label", model.get("alt")),
    // Not before the region is on the page: a screen reader tells changes only.
    said: () => requestAnimationFrame(() => (said.textContent = model.get("said"))),
  };
  for (const [name, update] of Object.entries(updates)) {
    update();
    model.on(`change:${name}`, update);
  }
  whenShown(root);
  return () => Object.entries(updates).forEach(([name, update]) => model.off(`change:${name}`, update));
}

/** Tell the kernel that we are there: it closes nothing before, which would fail half-way in here. */
function initialize({ model }) {
  model.send({ here: true });
}

export default { initialize, render };
