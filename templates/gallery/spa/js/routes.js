/* Addresses are in the hash: any of them can be shared, and S3 needs to know none. */

/** The route of the address bar: {path: ['photo', '6'], query: URLSearchParams}. */
export function read() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

/** The address of the gallery with some filters. */
export function gallery({ category, q, tag } = {}) {
  const query = new URLSearchParams();
  if (category) query.set('category', category);
  if (tag) query.set('tag', tag);
  if (q) query.set('q', q);
  const text = query.toString();
  return text ? `#/?${text}` : '#/';
}

export const photo = (id) => `#/photo/${id}`;
export const edit = (id) => `#/photo/${id}/edit`;

export function go(hash) {
  location.hash = hash;
}

/** Changes the address without a new entry in the browser's history. */
export function replace(hash) {
  history.replaceState(null, '', hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
