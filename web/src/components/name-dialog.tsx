import { type FormEvent, useRef, useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { troublesWindows } from '../lib/file-name';
import { text } from '../lib/text';
import { Button } from './button';
import { Field } from './field';
import { extensionOf } from './kind';
import { Answers, Modal } from './modal';

type NameDialogState = Extract<Dialog, { kind: 'new-folder' | 'rename' }>;

/** Asks for a name: of a new folder, or another one for what there is. */
export function NameDialog({ dialog }: { dialog: NameDialogState }) {
  const renames = dialog.kind === 'rename';
  const old = renames ? dialog.entry.name : '';
  const selected = useRef(false);
  const [name, setName] = useState(old);
  const [problem, setProblem] = useState<ProblemBody | string | undefined>(undefined);
  const [busy, setBusy] = useState(false);

  // The extension is seldom meant to change.
  const select = (field: HTMLInputElement) => {
    if (selected.current) return;
    selected.current = true;
    const folder = renames && dialog.entry.folder;
    field.setSelectionRange(0, old.length - (folder ? 0 : extensionOf(old).length));
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (name.trim() === '') return setProblem(text.dialogs.nameMissing);
    if (renames && name === old) return dialog.cancel();
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit(name));
    setBusy(false);
  };

  const words = typeof problem === 'string' ? problem : problem?.title;
  const detail = typeof problem === 'object' ? problem.detail : undefined;
  return (
    <Modal title={renames ? text.dialogs.rename : text.dialogs.newFolder} onClose={dialog.cancel}>
      <form onSubmit={submit} noValidate>
        <Field
          label={renames ? text.dialogs.renameName : text.dialogs.newFolderName}
          value={name}
          autoComplete="off"
          onFocus={(event) => select(event.target)}
          hint={!words && troublesWindows(name) ? text.dialogs.windowsTrouble : undefined}
          complaint={[words, detail].filter(Boolean).join(' ') || undefined}
          onChange={(event) => {
            setName(event.target.value);
            setProblem(undefined);
          }}
        />
        <Answers>
          <Button onClick={dialog.cancel}>{text.dialogs.cancel}</Button>
          <Button type="submit" look="primary" busy={busy}>
            {renames ? text.dialogs.rename : text.dialogs.create}
          </Button>
        </Answers>
      </form>
    </Modal>
  );
}
