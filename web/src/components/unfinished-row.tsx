import { Info, Play, Trash2 } from 'lucide-react';
import { memo } from 'react';
import type { Unfinished } from '../actions/types';
import { parentOf } from '../lib/path';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { Button, IconButton } from './button';
import { FileName } from './file-name';
import { KindIcon } from './kind-icon';
import { ProgressBar } from './progress-bar';
import styles from './unfinished-list.module.css';
import { amountOf, nameOf, noteOf, timesOf } from './unfinished-words';

interface UnfinishedRowProps {
  upload: Unfinished;
  /** The focus goes to it when what had it is gone. */
  home: boolean;
}

/** One upload that broke off: how much of it is there, until when, and what can be done. */
export const UnfinishedRow = memo(function UnfinishedRow({ upload, home }: UnfinishedRowProps) {
  const app = useApp();
  const { id, path, size, offset, moving } = upload;
  const name = nameOf(upload);
  const amount = amountOf(upload);
  const note = noteOf(upload);
  const called = path === '' ? name : path;
  const here = home ? '' : undefined;
  return (
    <li className={styles.row} data-testid="unfinished" data-path={path} data-upload={id}>
      <KindIcon name={name} folder={false} />
      <div className={styles.what}>
        <p className={styles.name} title={called}>
          <FileName name={name} />
        </p>
        {path !== '' && <Folder path={parentOf(path)} />}
        {size >= 0 && (
          <ProgressBar
            label={called}
            words={amount}
            acked={offset}
            sent={offset}
            total={size}
            state={moving ? 'sending' : 'paused'}
            testId="unfinished-bar"
          />
        )}
        <p className={styles.words}>{amount}</p>
        <p className={styles.times}>
          {timesOf(upload).map((it) => (
            <span key={it}>{it}</span>
          ))}
        </p>
        {note && (
          <p className={styles.note}>
            <Info aria-hidden="true" />
            <span>{note}</span>
          </p>
        )}
      </div>
      <div className={styles.buttons}>
        {!note && (
          <Button
            icon={Play}
            className={styles.resume}
            aria-label={text.unfinished.resumeOne(called)}
            data-home={here}
            onClick={() => app.resume(upload)}
          >
            {text.unfinished.resume}
          </Button>
        )}
        <IconButton
          label={text.unfinished.discard(called)}
          icon={Trash2}
          className={styles.danger}
          data-home={note ? here : undefined}
          onClick={() => app.discard(upload)}
        />
      </div>
    </li>
  );
});

/** Where it goes: a way to add the files of a folder again. */
function Folder({ path }: { path: string }) {
  const app = useApp();
  return (
    <p className={styles.folder}>
      {text.unfinished.into}{' '}
      <a href={app.href({ view: 'files', path })} title={path}>
        <bdi>{path === '' ? text.unfinished.top : path}</bdi>
      </a>
    </p>
  );
}
