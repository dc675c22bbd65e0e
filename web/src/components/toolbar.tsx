import { Plus, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { ActionId, Row, Selection } from '../actions/types';
import { text } from '../lib/text';
import { actionIcons } from './action-icons';
import { useApp } from './app-context';
import { Button, IconButton } from './button';
import { focusHome } from './focus-home';
import { formatSize } from './format';
import { Menu, MenuItem } from './menu';
import { shortcutLabel } from './shortcut';
import styles from './toolbar.module.css';
import { narrow, useMedia } from './use-media';
import { useObservable } from './use-observable';

const always: readonly ActionId[] = ['new-folder', 'upload-folder', 'upload-files'];
const forChosen: readonly ActionId[] = ['download', 'versions', 'rename', 'move', 'delete'];
/** On a phone the row's menu has them: there is no room for more buttons. */
const seldom: ReadonlySet<ActionId> = new Set(['versions']);
const ofTrash: readonly ActionId[] = ['empty-trash'];
const ofSnapshots: readonly ActionId[] = ['take-snapshot'];
const forSnapshots: readonly ActionId[] = ['open', 'bring-back', 'drop-snapshot'];
const ofPast: readonly ActionId[] = ['bring-back'];
const forPast: readonly ActionId[] = ['download', 'bring-back'];
const primary: ReadonlySet<ActionId> = new Set(['upload-files', 'take-snapshot', 'bring-back']);
const forTrash: readonly ActionId[] = ['restore', 'restore-to', 'purge'];

/** What can be done: with the folder, or, once rows are chosen, with those. */
export function Toolbar() {
  const app = useApp();
  const { listing } = useObservable(app.folder); // what is enabled depends on it too
  return (
    <Tools
      entries={listing?.entries ?? []}
      selection={app.selection}
      always={always}
      forChosen={forChosen}
    />
  );
}

/** What can be done with the trash, or with what is chosen in it. */
export function TrashToolbar() {
  const app = useApp();
  const { rows } = useObservable(app.trash);
  return (
    <Tools
      entries={rows}
      selection={app.trashSelection}
      always={rows.length > 0 ? ofTrash : []}
      forChosen={forTrash}
    />
  );
}

/** What can be done with snapshots. */
export function SnapshotsToolbar() {
  const app = useApp();
  const { rows } = useObservable(app.snapshots);
  return (
    <Tools
      entries={rows}
      selection={app.snapshotSelection}
      always={rows.length > 0 ? ofSnapshots : []}
      forChosen={forSnapshots}
    />
  );
}

/** What can be done with a folder in a snapshot, or with what is chosen in it. */
export function PastToolbar() {
  const app = useApp();
  const { listing } = useObservable(app.past.folder);
  useObservable(app.snapshots); // what is brought back is known once they are
  return (
    <Tools
      entries={(listing?.entries ?? []).map(({ id, name }) => ({ id, name }))}
      selection={app.past.selection}
      always={listing ? ofPast : []}
      forChosen={forPast}
    />
  );
}

/** What has no size is only counted. */
interface Weighed extends Row {
  readonly size?: number;
}

interface ToolsProps {
  entries: readonly Weighed[];
  selection: Selection;
  always: readonly ActionId[];
  forChosen: readonly ActionId[];
}

function Tools({ entries, selection, always, forChosen }: ToolsProps) {
  const app = useApp();
  const { ids } = useObservable(selection);
  const small = useMedia(narrow);
  const chosen = ids.size > 0;

  // The buttons change with what is chosen, and one of them may have had the focus.
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: that is when they change
  useEffect(() => {
    if (!first.current && document.activeElement === document.body) focusHome(null);
    first.current = false;
  }, [chosen]);

  if (!chosen && always.length === 0) return null;
  if (small && !chosen && always.length > 1) return <AddMenu />;
  return (
    <div
      role="toolbar"
      aria-label={text.files.tools}
      className={chosen ? styles.chosen : styles.toolbar}
      data-chosen={chosen || undefined}
    >
      {chosen && (
        <IconButton
          label={text.files.unchoose}
          icon={X}
          onClick={() => {
            selection.none();
            document.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();
          }}
        />
      )}
      {chosen && <ChosenCount entries={entries} ids={ids} />}
      {(chosen ? forChosen : always).map((id) => {
        const action = app.actions[id];
        const enabled = action.enabled();
        if (chosen && (!enabled || (small && seldom.has(id)))) return null;
        return !small || (!chosen && primary.has(id)) ? (
          <Button
            key={id}
            look={chosen ? 'quiet' : primary.has(id) ? 'primary' : 'plain'}
            icon={actionIcons[id]}
            disabled={!enabled}
            aria-keyshortcuts={ariaKeys(action.shortcut)}
            className={action.danger ? styles.danger : undefined}
            onClick={() => action.run()}
          >
            {action.label}
          </Button>
        ) : (
          <IconButton
            key={id}
            label={action.label}
            tip={
              action.shortcut ? `${action.label} (${shortcutLabel(action.shortcut)})` : action.label
            }
            icon={actionIcons[id]}
            disabled={!enabled}
            className={action.danger ? styles.danger : undefined}
            onClick={() => action.run()}
          />
        );
      })}
    </div>
  );
}

/** On a phone one button holds what can be put into the folder, each with its words. */
function AddMenu() {
  const { actions } = useApp();
  return (
    <div className={styles.toolbar}>
      <Menu
        align="end"
        trigger={
          <Button look="primary" icon={Plus}>
            {text.files.add}
          </Button>
        }
      >
        {always.toReversed().map((id) => (
          <MenuItem key={id} icon={actionIcons[id]} onChoose={() => actions[id].run()}>
            {actions[id].label}
          </MenuItem>
        ))}
      </Menu>
    </div>
  );
}

/** How many rows are chosen and what they weigh. */
function ChosenCount({ entries, ids }: { entries: readonly Weighed[]; ids: ReadonlySet<string> }) {
  const small = useMedia(narrow);
  let size = 0;
  let weighed = true;
  for (const entry of entries) {
    if (!ids.has(entry.id)) continue;
    if (entry.size === undefined) weighed = false;
    else size += entry.size;
  }
  const words =
    small || !weighed
      ? text.files.chosenCount(ids.size)
      : text.files.chosen(ids.size, formatSize(size));
  return <p className={styles.count}>{words}</p>;
}

function ariaKeys(shortcut: string | undefined): string | undefined {
  return shortcut?.replace('Mod', 'Control');
}
