/* The grid of photos: all, of one category, with one tag, or found by words. */

import { api, site } from '../api.js';
import { el, icon } from '../dom.js';
import * as routes from '../routes.js';
import { state } from '../state.js';

const PAGE_SIZE = 24;

function card(image, index) {
  const picture = el('img', {
    src: site(image.thumbUrl),
    // The first one is shown larger than a thumbnail is.
    srcset: index === 0 ? `${site(image.thumbUrl)} 400w, ${site(image.url)} ${image.width}w` : undefined,
    sizes: index === 0 ? '(min-width: 62rem) 52rem, 100vw' : undefined,
    alt: image.alt || image.title,
    width: image.width,
    height: image.height,
    loading: index < 6 ? 'eager' : 'lazy',
    decoding: 'async',
    onload: (event) => event.target.classList.add('loaded'),
    onerror: (event) => event.target.closest('.card').classList.add('broken'),
  });
  return el(
    'li',
    { class: 'card' },
    el(
      'a',
      { href: routes.photo(image.id) },
      el('span', { class: 'frame' }, picture),
      el('span', { class: 'caption' }, el('span', { class: 'name' }, image.title), el('span', { class: 'of' }, image.category.name)),
    ),
  );
}

function chips(categories, filter) {
  const chip = (label, count, href, current) => el(
    'li',
    {},
    el('a', { class: 'chip', href, 'aria-current': current ? 'page' : undefined }, label, count !== undefined && el('span', { class: 'count' }, String(count))),
  );
  const total = categories.reduce((sum, { images }) => sum + images, 0);
  return el(
    'nav',
    { class: 'chips', 'aria-label': 'Categories' },
    el(
      'ul',
      {},
      chip('All', total, routes.gallery({ q: filter.q }), !filter.category),
      categories.map(({ id, name, images }) => chip(name, images, routes.gallery({ category: id, q: filter.q }), String(id) === filter.category)),
    ),
  );
}

function heading(filter, category, found) {
  const words = [
    filter.q && `“${filter.q}”`,
    filter.tag && `#${filter.tag}`,
  ].filter(Boolean).join(' ');
  const count = `${found.total} ${found.total === 1 ? 'photo' : 'photos'}`;
  const title = words || category?.name || 'Photographs';
  const detail = words
    ? `${count}${category ? ` in ${category.name}` : ''}`
    : category?.description || 'Mornings, ridges, meadows and nights.';
  return { title, node: el('header', { class: 'intro' }, el('h1', { tabindex: '-1' }, title), el('p', { role: 'status' }, detail)) };
}

function empty(filter) {
  const searched = filter.q || filter.tag;
  return el(
    'div',
    { class: 'notice' },
    icon('photo'),
    el('p', {}, searched ? 'No photo fits. Try fewer words, or another one.' : 'No photo hangs here yet.'),
    el('p', { class: 'row' }, el('a', { class: 'button', href: '#/' }, 'All photos'), state.user && el('a', { class: 'button primary', href: '#/upload' }, 'Add a photo')),
  );
}

export async function show({ query }, signal) {
  const filter = { category: query.get('category') || '', q: query.get('q') || '', tag: query.get('tag') || '' };
  const page = (number) => api.images({ ...filter, page: number, pageSize: PAGE_SIZE }, { signal });
  const [{ items: categories }, first] = await Promise.all([api.categories({ signal }), page(1)]);
  const category = categories.find(({ id }) => String(id) === filter.category);
  const { title, node: intro } = heading(filter, category, first);
  state.visible = first.items.map(({ id }) => id);

  const plain = !filter.category && !filter.q && !filter.tag;
  const grid = el('ul', { class: plain && first.total > 2 ? 'grid featured' : 'grid' }, first.items.map(card));
  let shown = 1;
  const more = first.pages > 1 && el('button', {
    class: 'button more',
    onclick: async () => {
      more.disabled = true;
      const { items, pages } = await page(shown + 1);
      shown += 1;
      const cards = items.map((image) => card(image, PAGE_SIZE));
      grid.append(...cards);
      state.visible.push(...items.map(({ id }) => id));
      cards[0]?.querySelector('a').focus();
      more.disabled = false;
      more.hidden = shown >= pages;
    },
  }, 'More photos');

  const node = el(
    'div',
    { class: 'gallery' },
    intro,
    chips(categories, filter),
    first.items.length ? grid : empty(filter),
    more,
  );
  return { title: plain ? '' : title, node };
}
