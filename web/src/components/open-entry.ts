import type { App, Tree } from '../actions/types';
import type { Entry, Snapshot } from '../api/types';

/** Opens one row: what is chosen becomes that row alone. */
export function openEntry(app: App, tree: Tree, entry: Entry): void {
  tree.selection.choose(entry.id, 'only');
  app.actions.open.run();
}

/** The same of a snapshot. */
export function openSnapshot(app: App, { id }: Snapshot): void {
  app.snapshotSelection.choose(id, 'only');
  app.actions.open.run();
}
