/* One photo, large, with its story. Arrow keys go to its neighbours. */

import { api, site } from '../api.js';
import { confirmed, el, icon, toast } from '../dom.js';
import * as routes from '../routes.js';
import { state } from '../state.js';

// Neighbours in what was looked through last; else in the whole gallery.
function neighbours(image) {
  const at = state.visible.indexOf(image.id);
  if (at < 0) return { before: image.newer, after: image.older };
  return { before: state.visible[at - 1], after: state.visible[at + 1] };
}

function step(id, label, name) {
  if (!id) return null;
  return el('a', { class: `step ${name}`, href: routes.photo(id), 'aria-label': label, title: label }, icon(name));
}

async function remove(image) {
  const yes = await confirmed(`Delete “${image.title}”?`, 'The photo and its thumbnail leave the gallery for good.', 'Delete the photo');
  if (!yes) return;
  try {
    await api.deleteImage(image.id);
    state.visible = state.visible.filter((id) => id !== image.id);
    toast(`“${image.title}” is deleted.`);
    routes.go('#/');
  } catch (error) {
    toast(error.message, 'bad');
  }
}

function stage(image, before, after) {
  const photo = el('img', {
    src: site(image.url),
    alt: image.alt || image.title,
    width: image.width,
    height: image.height,
    onload: (event) => event.target.classList.add('loaded'),
    onerror: (event) => event.target.closest('.stage').classList.add('broken'),
  });
  const frame = el('div', { class: 'canvas' }, photo);
  frame.style.setProperty('--ratio', `${image.width} / ${image.height}`);
  frame.style.setProperty('--thumb', `url("${site(image.thumbUrl)}")`);
  frame.style.setProperty('--wide', String(image.width / image.height));
  return el('div', { class: 'stage' }, frame, step(before, 'Newer photo', 'back'), step(after, 'Older photo', 'next'));
}

function details(image) {
  const date = new Date(image.createdAt).toLocaleDateString(undefined, { year: 'numeric', month: 'long', day: 'numeric' });
  return el(
    'div',
    { class: 'details' },
    el('p', { class: 'kicker' }, el('a', { href: routes.gallery({ category: image.category.id }) }, image.category.name)),
    el('h1', { tabindex: '-1' }, image.title),
    image.description && el('p', { class: 'story' }, image.description),
    image.tags.length > 0 && el(
      'ul',
      { class: 'tags', 'aria-label': 'Tags' },
      image.tags.map((tag) => el('li', {}, el('a', { class: 'tag', href: routes.gallery({ tag }) }, `#${tag}`))),
    ),
    el('p', { class: 'facts' }, el('time', { datetime: image.createdAt }, date), ` · ${image.width} × ${image.height}`),
    state.user && el(
      'p',
      { class: 'row' },
      el('a', { class: 'button', href: routes.edit(image.id) }, icon('edit'), 'Edit'),
      el('button', { class: 'button danger', onclick: () => remove(image) }, icon('trash'), 'Delete'),
    ),
  );
}

export async function show({ path: [, id] }, signal) {
  const image = await api.image(encodeURIComponent(id), { signal });
  const { before, after } = neighbours(image);
  addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    if (document.querySelector('dialog[open]')) return;
    if (event.key === 'ArrowLeft' && before) routes.go(routes.photo(before));
    if (event.key === 'ArrowRight' && after) routes.go(routes.photo(after));
    if (event.key === 'Escape') routes.go('#/');
  }, { signal });
  const node = el('article', { class: 'photo' }, stage(image, before, after), details(image));
  return { title: image.title, node };
}
