import { Eye, EyeOff } from 'lucide-react';
import { type ComponentProps, useId, useState } from 'react';
import { text } from '../lib/text';
import { IconButton } from './button';
import styles from './field.module.css';

interface FieldProps extends ComponentProps<'input'> {
  label: string;
  hint?: string | undefined;
  /** What is wrong with it. */
  complaint?: string | undefined;
}

/** A line to fill in, with its label above and what helps below. */
export function Field({ label, hint, complaint, children, ...rest }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, complaint && `${id}-complaint`]
    .filter(Boolean)
    .join(' ');
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <div className={styles.box}>
        <input
          id={id}
          className={styles.input}
          aria-invalid={complaint ? true : undefined}
          aria-describedby={described || undefined}
          autoCapitalize="none"
          spellCheck={false}
          dir="auto"
          {...rest}
        />
        {children}
      </div>
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {complaint && (
        <p id={`${id}-complaint`} className={styles.complaint}>
          {complaint}
        </p>
      )}
    </div>
  );
}

/** A field for a password that can be shown. */
export function PasswordField(props: FieldProps) {
  const [shown, show] = useState(false);
  return (
    <Field {...props} type={shown ? 'text' : 'password'} dir="ltr">
      <IconButton
        label={text.signIn.show}
        icon={shown ? EyeOff : Eye}
        aria-pressed={shown}
        className={styles.eye}
        onClick={() => show(!shown)}
      />
    </Field>
  );
}
