import type { Dialog } from '../actions/types';
import { text } from '../lib/text';
import { Button } from './button';
import { formatMoment } from './format';
import { Answers, Modal } from './modal';
import styles from './other-file-dialog.module.css';
import { exactOf, nameOf } from './unfinished-words';

/** Says why the file that was picked does not go on with an upload, and what can be done. */
export function OtherFileDialog({ dialog }: { dialog: Extract<Dialog, { kind: 'other-file' }> }) {
  const { upload, file, why, asNew } = dialog;
  const words = text.unfinished.other;
  const { title, body } = words[why];
  const there = why === 'there';
  return (
    <Modal title={title} description={body(nameOf(upload))} onClose={dialog.cancel}>
      {(why === 'size' || why === 'time') && (
        <dl className={styles.files}>
          <div>
            <dt>{words.begun}</dt>
            <dd>{exactOf(upload.size)}</dd>
          </div>
          <div>
            <dt>{words.picked}</dt>
            <dd>
              <span>{exactOf(file.size)}</span>
              <span>{words.changed(formatMoment(file.mtime))}</span>
              <bdi>{file.name}</bdi>
            </dd>
          </div>
        </dl>
      )}
      {asNew && <p className={styles.stays}>{words.stays}</p>}
      <Answers>
        {asNew && <Button onClick={asNew}>{words.asNew}</Button>}
        {there && <Button onClick={dialog.discard}>{text.unfinished.discardYes}</Button>}
        <Button
          look="primary"
          data-first=""
          onClick={there || why === 'gone' ? dialog.cancel : dialog.again}
        >
          {there || why === 'gone'
            ? text.dialogs.close
            : why === 'busy'
              ? words.retry
              : words.again}
        </Button>
      </Answers>
    </Modal>
  );
}
