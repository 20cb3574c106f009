/* Changes what is said about a photo. */

import { api, site } from '../api.js';
import { el, submit, toast } from '../dom.js';
import * as routes from '../routes.js';
import { fields, values } from './fields.js';

export async function show({ path: [, id] }, signal) {
  const [image, { items: categories }] = await Promise.all([
    api.image(encodeURIComponent(id), { signal }),
    api.categories({ signal }),
  ]);
  const form = el(
    'form',
    {
      class: 'panel split',
      onsubmit: (event) => {
        event.preventDefault();
        submit(form, async () => {
          const saved = await api.editImage(image.id, values(form));
          toast(`“${saved.title}” is saved.`);
          routes.go(routes.photo(saved.id));
        });
      },
    },
    el('div', { class: 'side' }, el('img', { class: 'preview', src: site(image.thumbUrl), alt: image.alt || image.title })),
    el(
      'div',
      { class: 'body' },
      el('h1', { tabindex: '-1' }, 'Edit the photo'),
      fields(categories, image),
      el('p', { class: 'form-error', role: 'alert', tabindex: '-1' }),
      el('div', { class: 'row end' }, el('a', { class: 'button', href: routes.photo(image.id) }, 'Cancel'), el('button', { class: 'button primary' }, 'Save')),
    ),
  );
  return { title: `Edit ${image.title}`, node: form };
}
