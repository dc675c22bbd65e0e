import { X } from 'lucide-react';
import type { ActionId } from '../actions/types';
import { text } from '../lib/text';
import { actionIcons } from './action-icons';
import { useApp } from './app-context';
import { Button, IconButton } from './button';
import { formatSize } from './format';
import { shortcutLabel } from './shortcut';
import styles from './toolbar.module.css';
import { narrow, useMedia } from './use-media';
import { useObservable } from './use-observable';

const always: readonly ActionId[] = ['new-folder', 'upload-folder', 'upload-files'];
const forChosen: readonly ActionId[] = ['download', 'rename', 'move', 'delete'];

/** What can be done: with the folder, or, once rows are chosen, with those. */
export function Toolbar() {
  const app = useApp();
  const { ids } = useObservable(app.selection);
  useObservable(app.folder); // what is enabled depends on it too
  const small = useMedia(narrow);
  const chosen = ids.size > 0;

  return (
    <div
      role="toolbar"
      aria-label={text.files.tools}
      className={chosen ? styles.chosen : styles.toolbar}
    >
      {chosen && (
        <IconButton
          label={text.files.unchoose}
          icon={X}
          onClick={() => {
            app.selection.none();
            document.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus();
          }}
        />
      )}
      {chosen && <ChosenCount />}
      {(chosen ? forChosen : always).map((id) => {
        const action = app.actions[id];
        const words = !small || id === 'upload-files';
        const enabled = action.enabled();
        if (chosen && !enabled) return null;
        return words ? (
          <Button
            key={id}
            look={id === 'upload-files' ? 'primary' : chosen ? 'quiet' : 'plain'}
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
            className={`${chosen ? '' : styles.framed} ${action.danger ? styles.danger : ''}`}
            onClick={() => action.run()}
          />
        );
      })}
    </div>
  );
}

/** How many rows are chosen and what they weigh. */
function ChosenCount() {
  const app = useApp();
  const { ids } = useObservable(app.selection);
  const { listing } = useObservable(app.folder);
  let size = 0;
  for (const entry of listing?.entries ?? []) if (ids.has(entry.id)) size += entry.size;
  return <p className={styles.count}>{text.files.chosen(ids.size, formatSize(size))}</p>;
}

function ariaKeys(shortcut: string | undefined): string | undefined {
  return shortcut?.replace('Mod', 'Control');
}
