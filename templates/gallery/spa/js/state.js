/* What the whole page knows: who is logged in, and which photos were last looked through. */

import { api } from './api.js';

export const state = { user: null, visible: [] };

const listeners = new Set();

export function onUser(listener) {
  listeners.add(listener);
}

export function setUser(user) {
  state.user = user;
  for (const listener of listeners) listener(user);
}

export async function readUser() {
  try {
    setUser((await api.session()).user);
  } catch {
    // The database is away: the gallery says so itself; as a guest one still sees that.
    setUser(null);
  }
}
