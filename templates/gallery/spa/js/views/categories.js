/* Adds, renames and deletes categories. */

import { api } from '../api.js';
import { confirmed, el, field, icon, submit, toast } from '../dom.js';
import * as routes from '../routes.js';

function again() {
  routes.replace('#/categories');
}

function editor(category, done) {
  const key = category ? category.id : 'new';
  const name = el('input', { id: `name-${key}`, name: 'name', required: true, maxlength: '100', value: category?.name || '' });
  const description = el('input', { id: `description-${key}`, name: 'description', maxlength: '500', value: category?.description || '' });
  const form = el(
    'form',
    {
      class: 'editor',
      onsubmit: (event) => {
        event.preventDefault();
        submit(form, async () => {
          const body = { name: name.value, description: description.value };
          const saved = category ? await api.editCategory(category.id, body) : await api.addCategory(body);
          toast(`“${saved.name}” is saved.`);
          again();
        });
      },
    },
    field('Name', name),
    field('About it', description),
    el('p', { class: 'form-error', role: 'alert', tabindex: '-1' }),
    el(
      'div',
      { class: 'row end' },
      done && el('button', { class: 'button', type: 'button', onclick: done }, 'Cancel'),
      el('button', { class: 'button primary' }, category ? 'Save' : 'Add the category'),
    ),
  );
  return form;
}

async function remove(category) {
  if (!await confirmed(`Delete “${category.name}”?`, 'The category holds no photos.', 'Delete the category')) return;
  try {
    await api.deleteCategory(category.id);
    toast(`“${category.name}” is deleted.`);
    again();
  } catch (error) {
    toast(error.message, 'bad');
  }
}

function row(category) {
  const { images } = category;
  const count = `${images} ${images === 1 ? 'photo' : 'photos'}`;
  const rowNode = el('li', { class: 'category' });
  const view = () => rowNode.replaceChildren(
    el('div', {}, el('strong', {}, category.name), el('p', {}, `${count}${category.description ? ` · ${category.description}` : ''}`)),
    el(
      'div',
      { class: 'row' },
      el('button', { class: 'button round', 'aria-label': `Edit ${category.name}`, title: 'Edit', onclick: edit }, icon('edit')),
      el('button', {
        class: 'button round danger',
        'aria-label': images ? `${category.name} holds photos and cannot be deleted` : `Delete ${category.name}`,
        title: images ? 'Move or delete its photos first' : 'Delete',
        disabled: images > 0,
        onclick: () => remove(category),
      }, icon('trash')),
    ),
  );
  const edit = () => {
    rowNode.replaceChildren(editor(category, view));
    rowNode.querySelector('input').focus();
  };
  view();
  return rowNode;
}

export async function show(route, signal) {
  const { items } = await api.categories({ signal });
  const node = el(
    'section',
    { class: 'panel' },
    el('h1', { tabindex: '-1' }, 'Categories'),
    el('ul', { class: 'categories' }, items.map(row)),
    el('h2', {}, 'A new one'),
    editor(),
  );
  return { title: 'Categories', node };
}
