/* The frame around the views: header, search, theme, footer, and which view is shown. */

import { api } from './api.js';
import { el, icon, toast } from './dom.js';
import * as routes from './routes.js';
import { onUser, readUser, setUser, state } from './state.js';
import * as gallery from './views/gallery.js';

const TITLE = 'TSA Gallery';
const SEARCH_DELAY_MS = 250;

const main = document.getElementById('main');
const search = document.getElementById('search');
const box = document.getElementById('q');

// A visitor needs the gallery and the photo page; the rest is loaded when it is opened.
const VIEWS = {
  photo: () => import('./views/photo.js'),
  edit: () => import('./views/edit.js'),
  upload: () => import('./views/upload.js'),
  categories: () => import('./views/categories.js'),
  login: () => import('./views/login.js'),
};
const ADMIN = new Set(['edit', 'upload', 'categories']);

function viewName([first, , third]) {
  if (!first) return 'gallery';
  if (first === 'photo') return third === 'edit' ? 'edit' : 'photo';
  return VIEWS[first] ? first : 'nowhere';
}

function problem(error, again) {
  return el(
    'section',
    { class: 'notice', role: 'alert' },
    el('h1', { tabindex: '-1' }, error.status === 404 ? 'Not here' : 'The photos are away for a moment'),
    el('p', {}, error.message),
    el(
      'p',
      { class: 'row' },
      error.status !== 404 && el('button', { class: 'button primary', onclick: again }, 'Try again'),
      el('a', { class: 'button', href: '#/' }, 'All photos'),
    ),
  );
}

let turn;
let last = '';
let pending;

async function view(route, name, signal) {
  if (name === 'nowhere') throw Object.assign(new Error('This address leads to no page of the gallery.'), { status: 404 });
  if (ADMIN.has(name) && !state.user) {
    await readUser();
    if (!state.user) {
      const login = await VIEWS.login();
      return login.show({ ...route, query: new URLSearchParams({ next: location.hash }) }, signal);
    }
  }
  const module = name === 'gallery' ? gallery : await VIEWS[name]();
  return module.show(route, signal);
}

function swap(node, animate) {
  const change = () => main.replaceChildren(node);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (!animate || calm || !document.startViewTransition) {
    change();
    return Promise.resolve();
  }
  return document.startViewTransition(change).updateCallbackDone;
}

async function render() {
  turn?.abort();
  turn = new AbortController();
  const { signal } = turn;
  const route = routes.read();
  const name = viewName(route.path);
  const waiting = setTimeout(() => main.setAttribute('aria-busy', 'true'), 150);
  let shown;
  try {
    shown = await view(route, name, signal);
  } catch (error) {
    if (signal.aborted) return;
    shown = { title: 'Not now', node: problem(error, render) };
  } finally {
    clearTimeout(waiting);
  }
  if (signal.aborted) return;
  main.removeAttribute('aria-busy');
  document.title = shown.title ? `${shown.title} · ${TITLE}` : TITLE;
  const moved = last !== '' && last !== name;
  await swap(shown.node, moved);
  // Asked only now: who has begun to type meanwhile keeps the words and the cursor.
  const typing = document.activeElement === box;
  if (!typing) {
    clearTimeout(pending);
    box.value = name === 'gallery' ? route.query.get('q') || '' : '';
  }
  if (last !== '' && !typing) {
    // Readers of the page by ear, and users of the keyboard, start at its heading.
    main.querySelector('h1')?.focus({ preventScroll: true });
    if (moved || name !== 'gallery') scrollTo({ top: 0 });
  }
  last = name;
  health();
}

function dark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function themeButton() {
  const label = dark() ? 'Use the light theme' : 'Use the dark theme';
  return el('button', {
    class: 'button round',
    'aria-label': label,
    title: label,
    onclick: () => {
      const next = dark() ? 'light' : 'dark';
      document.documentElement.dataset.theme = next;
      try {
        localStorage.setItem('theme', next);
      } catch {
        // No storage: the choice lasts as long as the page.
      }
      tools();
      document.querySelector('.tools .round').focus();
    },
  }, icon(dark() ? 'sun' : 'moon'));
}

async function logout() {
  await api.logout();
  setUser(null);
  toast('You are logged out.');
  routes.go('#/');
  render();
}

function tools() {
  const labelled = (text) => el('span', { class: 'wide' }, text);
  const { user } = state;
  document.getElementById('tools').replaceChildren(...[
    user && el('a', { class: 'button primary', href: '#/upload', 'aria-label': 'Add a photo' }, icon('plus'), labelled('Add a photo')),
    user && el('a', { class: 'button', href: '#/categories', 'aria-label': 'Categories' }, icon('list'), labelled('Categories')),
    user
      ? el('button', { class: 'button', onclick: logout, 'aria-label': 'Log out' }, icon('exit'), labelled('Log out'))
      : el('a', { class: 'button', href: '#/login', 'aria-label': 'Log in' }, icon('user'), labelled('Log in')),
    themeButton(),
  ].filter(Boolean));
  document.body.classList.toggle('admin', Boolean(user));
}

// Tells where the gallery's data lives: that is what the course moves.
async function health() {
  const status = document.getElementById('status');
  try {
    const { ok, database } = await api.health();
    const where = database.host.split('.')[0] === '127' || database.host === 'localhost' ? `${database.host} (this server)` : database.host;
    status.textContent = ok ? `Database ${database.name} on ${where}` : `Database ${database.name} on ${where} does not answer`;
    status.dataset.ok = String(ok);
  } catch {
    status.textContent = 'The server does not answer';
    status.dataset.ok = 'false';
  }
}

function find({ now = false } = {}) {
  clearTimeout(pending);
  pending = setTimeout(() => {
    const { path, query } = routes.read();
    const here = path.length === 0;
    const target = routes.gallery({
      q: box.value.trim(),
      category: here ? query.get('category') : null,
      tag: here ? query.get('tag') : null,
    });
    if (target === (location.hash || '#/')) return;
    if (here) routes.replace(target);
    else routes.go(target);
  }, now ? 0 : SEARCH_DELAY_MS);
}

box.addEventListener('input', () => find());
search.addEventListener('submit', (event) => {
  event.preventDefault();
  find({ now: true });
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('keydown', (event) => {
  if (event.key === '/' && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    box.focus();
  }
});
addEventListener('hashchange', render);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tools);
onUser(tools);

tools();
readUser();
render();
