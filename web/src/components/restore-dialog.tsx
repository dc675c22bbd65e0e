import { type FormEvent, useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { text } from '../lib/text';
import { Button } from './button';
import { Complaint } from './complaint';
import { Field } from './field';
import { FolderChooser } from './folder-chooser';
import { Answers, Modal } from './modal';
import { folderName } from './move-dialog';

/** Asks where what lies in the trash is to go, and what one thing is to be called there. */
export function RestoreDialog({ dialog }: { dialog: Extract<Dialog, { kind: 'restore-to' }> }) {
  const { entries } = dialog;
  const [path, setPath] = useState(dialog.folder);
  const [there, setThere] = useState<boolean | undefined>(undefined);
  const [walked, walk] = useState(false);
  const [name, setName] = useState(dialog.name);
  const [problem, setProblem] = useState<ProblemBody | undefined>(dialog.problem);
  const [busy, setBusy] = useState(false);
  // The folder may have gone since the trash was read: the way begins at the top then.
  if (there === false && !walked && path !== '') setPath('');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || there === false) return;
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit(path, name));
    setBusy(false);
  };

  const [first] = entries;
  const title =
    entries.length === 1 && first
      ? text.dialogs.restoreOne(first.name)
      : text.dialogs.restore(entries.length);
  return (
    <Modal
      wide
      title={title}
      description={text.dialogs.restoreTo(folderName(path))}
      onClose={dialog.cancel}
    >
      <Complaint problem={problem} />
      <FolderChooser
        path={path}
        onPath={(to) => {
          walk(true);
          setPath(to);
        }}
        onFound={setThere}
      />
      <form onSubmit={submit} noValidate>
        {name !== undefined && (
          <Field
            label={text.dialogs.restoreName}
            value={name}
            autoComplete="off"
            onChange={(event) => {
              setName(event.target.value);
              setProblem(undefined);
            }}
          />
        )}
        <Answers>
          <Button onClick={dialog.cancel}>{text.dialogs.cancel}</Button>
          <Button type="submit" look="primary" busy={busy} disabled={there === false}>
            {text.dialogs.restoreHere}
          </Button>
        </Answers>
      </form>
    </Modal>
  );
}
