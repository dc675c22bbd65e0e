import type { Dialog } from '../actions/types';
import type { AsItWas } from '../api/types';
import { text } from '../lib/text';
import { actionIcons } from './action-icons';
import { Button } from './button';
import { Complaint } from './complaint';
import { formatDate, formatFullDate, formatSize } from './format';
import { Answers, Modal } from './modal';
import { useObservable } from './use-observable';
import styles from './versions-dialog.module.css';

/** The snapshots that show a file or folder, with what it was then. */
export function AsItWasDialog({ dialog }: { dialog: Extract<Dialog, { kind: 'as-it-was' }> }) {
  const { state, rows, problem, refreshing } = useObservable(dialog.snapshots);
  const { entry } = dialog;
  const words = text.snapshots;
  return (
    <Modal wide title={words.wasTitle(entry.name)} onClose={dialog.cancel}>
      <Complaint problem={problem} />
      {state === 'loading' && (
        <p role="status" className={styles.note}>
          {words.wasLoading}
        </p>
      )}
      {state === 'failed' && (
        <Answers>
          <Button look="primary" icon={actionIcons.refresh} onClick={dialog.refresh}>
            {text.files.retry}
          </Button>
        </Answers>
      )}
      {rows.length > 0 && (
        <ul className={styles.list} aria-label={words.wasList} aria-busy={refreshing}>
          {rows.map((row) => (
            <Row
              key={row.id}
              row={row}
              same={!entry.folder && row.entry.etag === entry.etag}
              onOpen={() => dialog.open(row)}
            />
          ))}
        </ul>
      )}
      {state === 'ready' && rows.length === 0 && <p className={styles.note}>{words.wasNone}</p>}
    </Modal>
  );
}

function Row({ row, same, onOpen }: { row: AsItWas; same: boolean; onOpen: () => void }) {
  const words = text.snapshots;
  const { name, created, entry } = row;
  return (
    <li className={styles.row} data-testid="as-it-was">
      <div className={styles.what}>
        <p className={styles.when}>
          <bdi>{name}</bdi>
          {same && <span className={styles.current}>{words.wasSame}</span>}
        </p>
        <p className={styles.more}>
          <time dateTime={new Date(created).toISOString()} title={formatFullDate(created)}>
            {formatDate(created)}
          </time>{' '}
          · {entry.folder ? words.wasFolder : formatSize(entry.size)}
        </p>
      </div>
      <Button aria-label={words.wasShowIn(name)} onClick={onOpen}>
        {words.wasShow}
      </Button>
    </li>
  );
}
