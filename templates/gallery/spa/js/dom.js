/* Small helpers to build the page. Text is always set as text, so nothing a visitor typed becomes markup. */

const SVG = 'http://www.w3.org/2000/svg';

/** An element: `el('a', {href: '#/', class: 'x', onclick: f}, 'text', child)`. Empty children are skipped. */
export function el(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, '');
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  sun: 'M12 4V2M12 22v-2M4 12H2M22 12h-2M6.3 6.300L4.9 4.900M19.1 19.100l-1.4-1.400M6.3 17.700l-1.4 1.400M19.1 4.900l-1.4 1.400M12 7.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
  moon: 'M20 14.500A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500z',
  plus: 'M12 5v14M5 12h14',
  edit: 'M4 20h4L19 9l-4-4L4 16v4zM13 7l4 4',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.500c1-4 4-5.5 7.5-5.500s6.5 1.5 7.5 5.5',
  exit: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  list: 'M4 6h16M4 12h16M4 18h16',
  photo: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.500h.01',
};

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', width: 20, height: 20, 'aria-hidden': 'true', class: 'icon' })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Says something for a moment at the foot of the page; screen readers read it out. */
export function toast(message, kind = 'good') {
  const note = el('p', { class: `toast ${kind}` }, message);
  document.getElementById('toasts').append(note);
  setTimeout(() => note.remove(), 5000);
}

/** Asks in a dialog; whether the answer was yes. */
export function confirmed(question, detail, action) {
  return new Promise((resolve) => {
    const dialog = el(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'dialog-question', onclose: () => { resolve(dialog.returnValue === 'yes'); dialog.remove(); } },
      el(
        'form',
        { method: 'dialog' },
        el('h2', { id: 'dialog-question' }, question),
        el('p', {}, detail),
        el(
          'div',
          { class: 'row end' },
          el('button', { class: 'button', value: 'no', autofocus: true }, 'Keep it'),
          el('button', { class: 'button danger', value: 'yes' }, action),
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A label, its control and the place of its error, by the names that the API uses. */
export function field(label, control, hint) {
  const { id } = control;
  const error = el('p', { class: 'field-error', id: `${id}-error`, 'data-for': control.name });
  control.setAttribute('aria-describedby', hint ? `${id}-hint ${id}-error` : `${id}-error`);
  return el(
    'div',
    { class: 'field' },
    el('label', { for: id }, label),
    control,
    hint && el('p', { class: 'hint', id: `${id}-hint` }, hint),
    error,
  );
}

/** Shows an API error at the field it is about, else above the form's buttons. */
export function showProblem(form, error) {
  clearProblems(form);
  const place = (error.field && form.querySelector(`[data-for="${error.field}"]`)) || form.querySelector('.form-error');
  place.textContent = error.message;
  const control = error.field && form.elements.namedItem(error.field);
  if (control) {
    control.setAttribute('aria-invalid', 'true');
    control.focus();
  } else place.focus();
}

export function clearProblems(form) {
  for (const place of form.querySelectorAll('.field-error, .form-error')) place.textContent = '';
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

/** Runs a form's work with its buttons off, and shows what went wrong. */
export async function submit(form, work) {
  const buttons = form.querySelectorAll('button');
  for (const button of buttons) button.disabled = true;
  form.setAttribute('aria-busy', 'true');
  try {
    clearProblems(form);
    await work();
  } catch (error) {
    for (const button of buttons) button.disabled = false;
    showProblem(form, error);
  } finally {
    for (const button of buttons) button.disabled = false;
    form.removeAttribute('aria-busy');
  }
}
