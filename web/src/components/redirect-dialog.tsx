import { type FormEvent, useState } from 'react';
import { text } from '../lib/text';
import type { UploadItem } from '../upload/types';
import { useApp } from './app-context';
import { Button } from './button';
import { Field } from './field';
import { FolderChooser } from './folder-chooser';
import { Answers, Modal } from './modal';
import { useObservable } from './use-observable';

/** Another place or name for a file whose folder is gone or whose name was taken. */
export function RedirectDialog({ item, onClose }: { item: UploadItem; onClose: () => void }) {
  const app = useApp();
  const { path: shown, state } = useObservable(app.folder);
  const [folder, setFolder] = useState(state === 'ready' ? shown : '');
  const [name, setName] = useState(item.name);
  const [missing, setMissing] = useState(false);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') return setMissing(true);
    app.uploads.redirect(item.id, folder, name);
    onClose();
  };

  return (
    <Modal
      wide
      title={text.dialogs.elsewhere(item.name)}
      description={text.dialogs.elsewhereBody}
      onClose={onClose}
    >
      <FolderChooser path={folder} onPath={setFolder} />
      <form onSubmit={submit} noValidate>
        <Field
          label={text.dialogs.elsewhereName}
          value={name}
          autoComplete="off"
          complaint={missing ? text.dialogs.nameMissing : undefined}
          onChange={(event) => {
            setName(event.target.value);
            setMissing(false);
          }}
        />
        <Answers>
          <Button onClick={onClose}>{text.dialogs.cancel}</Button>
          <Button type="submit" look="primary">
            {text.dialogs.uploadHere}
          </Button>
        </Answers>
      </form>
    </Modal>
  );
}
