import { Ellipsis } from 'lucide-react';
import { text } from '../lib/text';
import styles from './file-grid.module.css';
import { openGridMenu } from './grid-menu';

interface Cell {
  name: string;
  /** The row has the grid's one place in the order of Tab. */
  focused: boolean;
}

interface CheckCellProps extends Cell {
  chosen: boolean;
  choose: (how: 'range' | 'toggle') => void;
}

/** The box that chooses a row; with Shift all from the last to it. */
export function CheckCell({ name, focused, chosen, choose }: CheckCellProps) {
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: see ListGrid
    // biome-ignore-start lint/a11y/useFocusableInteractive: the box in it is
    <div role="gridcell" className={styles.check}>
      <label>
        <input
          type="checkbox"
          aria-label={text.files.choose(name)}
          tabIndex={focused ? 0 : -1}
          checked={chosen}
          onChange={({ nativeEvent }) => {
            const shift = nativeEvent instanceof MouseEvent && nativeEvent.shiftKey;
            choose(shift ? 'range' : 'toggle');
          }}
        />
      </label>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: the box in it is
    // biome-ignore-end lint/a11y/useSemanticElements: see ListGrid
  );
}

/** The button that opens the menu of a row. */
export function MoreCell({ name, focused }: Cell) {
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: see ListGrid
    // biome-ignore-start lint/a11y/useFocusableInteractive: the button in it is
    <div role="gridcell" className={styles.more}>
      <button
        type="button"
        aria-label={text.files.more(name)}
        aria-haspopup="menu"
        tabIndex={focused ? 0 : -1}
        onClick={(event) => openGridMenu(event.currentTarget)}
      >
        <Ellipsis aria-hidden="true" />
      </button>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: the button in it is
    // biome-ignore-end lint/a11y/useSemanticElements: see ListGrid
  );
}
