import { type FormEvent, useRef, useState } from 'react';
import type { ProblemBody } from '../api/types';
import { useApp } from '../components/app-context';
import { Button } from '../components/button';
import { Complaint } from '../components/complaint';
import { Field, PasswordField } from '../components/field';
import { text } from '../lib/text';
import { Gate } from './gate';
import styles from './gate.module.css';

export function SignInPage() {
  const app = useApp();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<ProblemBody | string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setProblem(undefined);
    if (!name || !password) return setProblem(text.signIn.missing);
    setBusy(true);
    const refused = await app.signIn(name, password);
    setBusy(false);
    setProblem(refused);
    if (refused) form.current?.querySelector<HTMLInputElement>('input[name="password"]')?.select();
  };

  return (
    <Gate
      title={text.signIn.title}
      foot={
        <>
          <p>{text.signIn.noAccount}</p>
          <a href={app.href({ view: 'connect' })}>{text.signIn.connect}</a>
        </>
      }
    >
      <form ref={form} onSubmit={submit} noValidate className={styles.form}>
        <Complaint problem={problem} />
        <Field
          label={text.signIn.name}
          name="username"
          autoComplete="username"
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <PasswordField
          label={text.signIn.password}
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" look="primary" busy={busy} className={styles.submit}>
          {busy ? text.signIn.busy : text.signIn.submit}
        </Button>
      </form>
    </Gate>
  );
}
