import { expect, test, vi } from 'vitest';
import { createStore } from './store';

test('tells each listener once a change, and nobody when nothing changed', () => {
  const store = createStore(1);
  const heard = vi.fn();
  const stop = store.subscribe(heard);
  store.set(1);
  expect(heard).not.toHaveBeenCalled();
  store.set(2);
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
  store.set(3);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(store.get()).toBe(3);
});

test('a listener that ends another one is obeyed at once', () => {
  const store = createStore(0);
  const second = vi.fn();
  store.subscribe(() => stopSecond());
  const stopSecond = store.subscribe(second);
  store.set(1);
  expect(second).not.toHaveBeenCalled();
});

test('a function that listens twice is told until both ended', () => {
  const store = createStore(0);
  const heard = vi.fn();
  store.subscribe(heard)();
  const stop = store.subscribe(heard);
  store.subscribe(heard);
  stop();
  store.set(1);
  expect(heard).toHaveBeenCalledTimes(1);
});
