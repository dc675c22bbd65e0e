import { type FormEvent, useState } from 'react';
import type { ProblemBody } from '../api/types';
import { useApp } from '../components/app-context';
import { Button } from '../components/button';
import { Complaint } from '../components/complaint';
import { Field, PasswordField } from '../components/field';
import { text } from '../lib/text';
import { Gate } from './gate';
import styles from './gate.module.css';

/** The one-time link: makes the first account. */
export function SetUpPage({ token }: { token: string }) {
  const app = useApp();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<ProblemBody | string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const code = typeof problem === 'object' ? problem.code : undefined;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setProblem(undefined);
    if (!name || !password) return setProblem(text.setUp.missing);
    setBusy(true);
    const refused = await app.setUp(token, name, password);
    setBusy(false);
    setProblem(refused);
  };

  if (code === 'not-found') {
    const { used } = text.setUp;
    return (
      <Gate title={used.title} lead={used.body}>
        <a className={styles.link} href={app.href({ view: 'files', path: '' })}>
          {used.signIn}
        </a>
      </Gate>
    );
  }

  const about = (field: string) =>
    typeof problem === 'object' && problem.code === field
      ? [problem.title, problem.detail].filter(Boolean).join(' ')
      : undefined;
  const elsewhere = code === 'invalid-name' || code === 'weak-password' ? undefined : problem;
  return (
    <Gate title={text.setUp.title} lead={text.setUp.lead}>
      <form onSubmit={submit} noValidate className={styles.form}>
        <Complaint problem={elsewhere} />
        <Field
          label={text.setUp.name}
          hint={text.setUp.nameHint}
          complaint={about('invalid-name')}
          name="username"
          autoComplete="username"
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <PasswordField
          label={text.setUp.password}
          hint={text.setUp.passwordHint}
          complaint={about('weak-password')}
          name="new-password"
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" look="primary" busy={busy} className={styles.submit}>
          {busy ? text.setUp.busy : text.setUp.submit}
        </Button>
      </form>
    </Gate>
  );
}
