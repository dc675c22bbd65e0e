import { type FormEvent, useState } from 'react';
import type { ProblemBody, Session } from '../api/types';
import { useApp } from '../components/app-context';
import { Button } from '../components/button';
import { Complaint } from '../components/complaint';
import { ConfirmSignOut, signOutStops } from '../components/confirm-sign-out';
import { PasswordField } from '../components/field';
import { Answers, Modal } from '../components/modal';
import { useUploadsPart } from '../components/use-observable';
import { text } from '../lib/text';

/** The session ended while the person was working: asks for the password, the page stays. */
export function ExpiredDialog({ session }: { session: Session }) {
  const app = useApp();
  const open = useUploadsPart(app.uploads, (s) => s.totals.open);
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<ProblemBody | string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [leaving, leave] = useState(false);
  const { name } = session.user;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setProblem(undefined);
    if (!password) return setProblem(text.expired.missing);
    setBusy(true);
    const refused = await app.signIn(name, password);
    setBusy(false);
    setProblem(refused);
  };

  return (
    <Modal
      title={text.expired.title}
      description={[text.expired.body(name), open > 0 && text.expired.uploads(open)]
        .filter(Boolean)
        .join(' ')}
    >
      <form onSubmit={submit} noValidate>
        <Complaint problem={problem} />
        <input type="hidden" name="username" autoComplete="username" value={name} />
        <PasswordField
          label={text.signIn.password}
          name="password"
          autoComplete="current-password"
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Answers>
          <Button
            onClick={() => (signOutStops(app.uploads) ? leave(true) : void app.signOut(false))}
          >
            {text.expired.leave}
          </Button>
          <Button type="submit" look="primary" busy={busy}>
            {text.signIn.submit}
          </Button>
        </Answers>
      </form>
      {leaving && <ConfirmSignOut onClose={() => leave(false)} />}
    </Modal>
  );
}
