import type { App } from '../actions/types';
import type { Entry } from '../api/types';

/** Opens one row: what is chosen becomes that row alone. */
export function openEntry(app: App, entry: Entry): void {
  app.selection.choose(entry.id, 'only');
  app.actions.open.run();
}
