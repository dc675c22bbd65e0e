import { CircleAlert, CircleCheck, Pause, Play, X } from 'lucide-react';
import { memo } from 'react';
import { text } from '../lib/text';
import type { UploadItem } from '../upload/types';
import { useApp } from './app-context';
import { Button, IconButton } from './button';
import { FileName } from './file-name';
import { KindIcon } from './kind-icon';
import { ProgressBar } from './progress-bar';
import styles from './upload-list.module.css';
import { canGoElsewhere, itemWords } from './upload-words';

interface UploadRowProps {
  item: UploadItem;
  onRedirect: (item: UploadItem) => void;
}

/** One file on its way: its name, its bar, how it is doing, and what can be done. */
export const UploadRow = memo(function UploadRow({ item, onRedirect }: UploadRowProps) {
  const { name, folder, state } = item;
  const words = itemWords(item);
  return (
    <div className={styles.row}>
      <KindIcon name={name} folder={false} />
      <div className={styles.what}>
        <p className={styles.name} title={folder ? `${folder}/${name}` : name}>
          <FileName name={name} />
        </p>
        <ProgressBar
          label={name}
          words={words}
          acked={item.acked}
          sent={item.sent}
          total={item.size}
          state={state}
          testId="upload-item"
        />
        {state !== 'failed' && (
          <p className={styles.words}>
            <span>{words}</span>
            {folder && state !== 'retrying' && state !== 'skipped' && (
              <span>
                {' '}
                <bdi>{text.panel.into(folder)}</bdi>
              </span>
            )}
          </p>
        )}
      </div>
      <RowButtons item={item} />
      {state === 'failed' && <Failure item={item} onRedirect={onRedirect} />}
    </div>
  );
});

function RowButtons({ item }: { item: UploadItem }) {
  const { uploads } = useApp();
  const { id, name, state } = item;
  if (state === 'skipped') return null;
  if (state === 'done') return <CircleCheck aria-hidden="true" className={styles.tick} />;
  return (
    <div className={styles.buttons}>
      {state === 'paused' && (
        <IconButton
          small
          label={text.panel.resume(name)}
          icon={Play}
          onClick={() => uploads.resume(id)}
        />
      )}
      {(state === 'sending' || state === 'retrying' || state === 'waiting') && (
        <IconButton
          small
          label={text.panel.pause(name)}
          icon={Pause}
          onClick={() => uploads.pause(id)}
        />
      )}
      <IconButton
        small
        label={text.panel.cancel(name)}
        icon={X}
        onClick={() => uploads.cancel(id)}
      />
    </div>
  );
}

/** Why it failed, in the words of the server, and the ways on. */
function Failure({ item, onRedirect }: UploadRowProps) {
  const { uploads } = useApp();
  return (
    <div className={styles.problem}>
      <strong>
        <CircleAlert aria-hidden="true" /> {itemWords(item)}
      </strong>
      {item.problem?.detail && <span>{item.problem.detail}</span>}
      <div className={styles.remedies}>
        {item.problem?.code !== 'changed' && (
          <Button onClick={() => uploads.retry(item.id)}>{text.panel.retry}</Button>
        )}
        {canGoElsewhere(item) && (
          <Button onClick={() => onRedirect(item)}>{text.panel.elsewhere}</Button>
        )}
      </div>
    </div>
  );
}
