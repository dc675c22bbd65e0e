import type { Row, Selection } from '../actions/types';
import { text } from '../lib/text';
import { useObservable } from './use-observable';

interface ChooseAllProps {
  rows: readonly Row[];
  selection: Selection;
}

/** The box in the head of a list: all rows, some or none. */
export function ChooseAll({ rows, selection }: ChooseAllProps) {
  const { ids } = useObservable(selection);
  const all = rows.length > 0 && rows.every((row) => ids.has(row.id));
  const some = ids.size > 0 && !all;
  return (
    <label>
      <input
        type="checkbox"
        aria-label={text.files.chooseAll}
        checked={all}
        ref={(box) => {
          if (box) box.indeterminate = some;
        }}
        onChange={() => (all ? selection.none() : selection.all())}
      />
    </label>
  );
}
