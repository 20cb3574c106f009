/* Adds a photo: drop it, or choose it; see it; say what it is. */

import { api } from '../api.js';
import { el, icon, submit, toast } from '../dom.js';
import * as routes from '../routes.js';
import { fields, values } from './fields.js';

function titleFrom(file) {
  const words = file.name.replace(/\.[^.]*$/, '').replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function dropzone(onFile) {
  const input = el('input', { id: 'photo', name: 'photo', type: 'file', accept: 'image/jpeg,image/png,image/webp', required: true, 'aria-describedby': 'photo-error' });
  const preview = el('img', { class: 'preview', alt: 'The photo you chose', hidden: true });
  const prompt = el('span', { class: 'prompt' }, icon('photo'), el('strong', {}, 'Choose a photo'), el('span', {}, 'or drop it here: JPEG, PNG, WebP, up to 12 MB'));
  const zone = el('label', { class: 'drop', for: 'photo' }, input, preview, prompt);
  const take = () => {
    const [file] = input.files;
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.hidden = !file;
    prompt.hidden = Boolean(file);
    if (!file) return;
    preview.src = URL.createObjectURL(file);
    onFile(file);
  };
  input.addEventListener('change', take);
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle('over', kind === 'dragover');
      if (kind === 'drop' && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        take();
      }
    });
  }
  return el('div', { class: 'side' }, zone, el('p', { class: 'field-error', id: 'photo-error', 'data-for': 'photo' }));
}

export async function show(route, signal) {
  const { items: categories } = await api.categories({ signal });
  if (!categories.length) {
    const node = el(
      'section',
      { class: 'notice' },
      el('h1', { tabindex: '-1' }, 'A category first'),
      el('p', {}, 'Every photo hangs in a category, and there is none yet.'),
      el('p', {}, el('a', { class: 'button primary', href: '#/categories' }, 'Add a category')),
    );
    return { title: 'Add a photo', node };
  }
  const progress = el('progress', { max: '1', value: '0', hidden: true, 'aria-label': 'Upload' });
  const form = el(
    'form',
    {
      class: 'panel split',
      onsubmit: (event) => {
        event.preventDefault();
        submit(form, async () => {
          const body = new FormData(form);
          body.set('tags', values(form).tags.join(','));
          progress.hidden = false;
          try {
            const image = await api.addImage(body, (part) => { progress.value = part; });
            toast(`“${image.title}” hangs in the gallery.`);
            routes.go(routes.photo(image.id));
          } finally {
            progress.hidden = true;
          }
        });
      },
    },
    dropzone((file) => {
      const title = form.elements.namedItem('title');
      if (!title.value) title.value = titleFrom(file);
    }),
    el(
      'div',
      { class: 'body' },
      el('h1', { tabindex: '-1' }, 'Add a photo'),
      fields(categories),
      progress,
      el('p', { class: 'form-error', role: 'alert', tabindex: '-1' }),
      el('div', { class: 'row end' }, el('a', { class: 'button', href: '#/' }, 'Cancel'), el('button', { class: 'button primary' }, 'Add the photo')),
    ),
  );
  return { title: 'Add a photo', node: form };
}
