import { useState, type FormEvent } from "react";
import { Button } from "react-aria-components";

import { about, besides } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { TextInput } from "../parts/TextInput";
import type { FormProps } from "./form";

/** What the provider gave, pasted: it is sealed, and never shown again. */
export function SecretForm({ provider, save, isWorking, problems }: FormProps) {
  const [name, setName] = useState("");
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const fields = Object.entries(values).filter(([, value]) => value).map(([field, value]) => ({ name: field, value }));
    void save({ secret: { provider: provider.key, fields } }, name);
  };
  const names = ["name", ...provider.secretFields.map((field) => field.name)];
  return (
    <form onSubmit={submit}>
      <TextInput label="Name" value={name} onChange={setName} problem={about(problems, "name")} help="Left empty, it is named after what it connects to." />
      {provider.secretFields.map((field) => (
        <TextInput
          key={field.name} label={field.label} help={field.description} type="password" isRequired={field.isRequired}
          value={values[field.name] ?? ""} onChange={(value) => setValues({ ...values, [field.name]: value })}
          problem={about(problems, field.name)}
        />
      ))}
      <Problems of={besides(problems, names)} />
      <Button className="primary" type="submit" isPending={isWorking}>Add installed app</Button>
    </form>
  );
}
