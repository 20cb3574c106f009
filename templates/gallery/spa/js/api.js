/*
 * The gallery's API. Addresses are relative to the page, so the gallery also works below
 * a path (behind a notebook server's proxy, say).
 */

export class ApiError extends Error {
  constructor(status, { code = 'unreadable', message, field } = {}) {
    super(message || `The gallery answered ${status}.`);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** The address of an API path. */
function address(path, query = {}) {
  const url = new URL(`api/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
  }
  return url;
}

/** The address of a photo that the API names from the root of the site. */
export function site(url) {
  return new URL(url.replace(/^\//, ''), document.baseURI).href;
}

function answer(status, text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(status, { message: status >= 500 || status === 0
      ? 'The gallery’s server does not answer. Try again in a minute.'
      : 'The gallery’s server said something that is not its language.' });
  }
  if (status >= 400) throw new ApiError(status, body.error || { message: 'The gallery’s server has a problem.' });
  return body;
}

async function call(method, path, { query, body, signal } = {}) {
  let response;
  try {
    response = await fetch(address(path, query), {
      method,
      signal,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, { code: 'offline', message: 'The gallery’s server cannot be reached. Are you online?' });
  }
  return answer(response.status, await response.text());
}

/** Sends a form with a file; `onProgress` gets parts from 0 to 1. */
function send(path, form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address(path));
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      try {
        resolve(answer(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new ApiError(0, { code: 'offline', message: 'The upload broke off. Try again.' }));
    request.send(form);
  });
}

export const api = {
  session: () => call('GET', 'session'),
  login: (username, password) => call('POST', 'login', { body: { username, password } }),
  logout: () => call('POST', 'logout'),
  categories: (options) => call('GET', 'categories', options),
  addCategory: (body) => call('POST', 'categories', { body }),
  editCategory: (id, body) => call('PUT', `categories/${id}`, { body }),
  deleteCategory: (id) => call('DELETE', `categories/${id}`),
  images: (query, options = {}) => call('GET', 'images', { query, ...options }),
  image: (id, options) => call('GET', `images/${id}`, options),
  addImage: (form, onProgress) => send('images', form, onProgress),
  editImage: (id, body) => call('PUT', `images/${id}`, { body }),
  deleteImage: (id) => call('DELETE', `images/${id}`),
  health: () => fetch(address('health'), { cache: 'no-store' }).then((response) => response.json()),
};
