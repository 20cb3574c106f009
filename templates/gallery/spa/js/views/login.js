/* The admin's way in. */

import { api } from '../api.js';
import { el, field, submit, toast } from '../dom.js';
import * as routes from '../routes.js';
import { setUser } from '../state.js';

export async function show({ query }) {
  const next = query.get('next') || '#/';
  const username = el('input', { id: 'username', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true, maxlength: '64' });
  const password = el('input', { id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true, maxlength: '200' });
  const form = el(
    'form',
    {
      class: 'panel narrow',
      onsubmit: (event) => {
        event.preventDefault();
        submit(form, async () => {
          const { user } = await api.login(username.value, password.value);
          setUser(user);
          toast(`Welcome, ${user.displayName}.`);
          // Only ever an address of this page.
          const target = next.startsWith('#/') ? next : '#/';
          if (target === location.hash) routes.replace(target);
          else routes.go(target);
        });
      },
    },
    el('h1', { tabindex: '-1' }, 'Log in'),
    el('p', { class: 'lead' }, 'Looking needs no account. Adding, changing and deleting photos does.'),
    field('User name', username),
    field('Password', password),
    el('p', { class: 'form-error', role: 'alert', tabindex: '-1' }),
    el('div', { class: 'row end' }, el('a', { class: 'button', href: '#/' }, 'Back'), el('button', { class: 'button primary' }, 'Log in')),
  );
  return { title: 'Log in', node: form };
}
