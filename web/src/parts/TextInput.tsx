import { FieldError, Input, Label, Text, TextArea, TextField } from "react-aria-components";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string | undefined;
  problem?: string | undefined;
  type?: "text" | "password" | "url" | "email";
  isRequired?: boolean;
  isLong?: boolean;
}

/** One line or several that a person types, with its label, what it is for, and what is wrong with it. */
export function TextInput({ label, value, onChange, help, problem, type = "text", isRequired = false, isLong = false }: Props) {
  return (
    <TextField
      className="field" value={value} onChange={onChange} type={type} isRequired={isRequired} isInvalid={problem !== undefined}
      validationBehavior="aria" autoComplete="off"
    >
      <Label>{label}</Label>
      {isLong ? <TextArea rows={6} spellCheck={false} /> : <Input />}
      {help && <Text slot="description">{help}</Text>}
      <FieldError className="field-problem">{problem}</FieldError>
    </TextField>
  );
}
