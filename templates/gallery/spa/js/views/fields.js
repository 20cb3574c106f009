/* The fields that a new and a changed photo share. */

import { el, field } from '../dom.js';

export function fields(categories, image = {}) {
  const select = el(
    'select',
    { id: 'categoryId', name: 'categoryId', required: true },
    categories.map(({ id, name }) => el('option', { value: id, selected: image.category?.id === id }, name)),
  );
  const description = el('textarea', { id: 'description', name: 'description', rows: '4', maxlength: '2000' });
  description.value = image.description || '';
  return [
    field('Title', el('input', { id: 'title', name: 'title', required: true, maxlength: '150', value: image.title || '' })),
    field('Category', select),
    field('Story', description),
    field(
      'What it shows',
      el('input', { id: 'alt', name: 'alt', maxlength: '300', value: image.alt || '' }),
      'One sentence for those who cannot see the photo.',
    ),
    field(
      'Tags',
      el('input', { id: 'tags', name: 'tags', value: (image.tags || []).join(', '), autocapitalize: 'none' }),
      'With commas between them: evening, water',
    ),
  ];
}

/** What the API wants to know about a photo, from its form. */
export function values(form) {
  const { title, categoryId, description, alt, tags } = Object.fromEntries(new FormData(form));
  return { title, categoryId: Number(categoryId), description, alt, tags: tags.split(',') };
}
