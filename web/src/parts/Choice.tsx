import type { ReactNode } from "react";
import { Label, Radio, RadioGroup } from "react-aria-components";

interface Props<Value extends string> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  choices: readonly (readonly [value: Value, name: ReactNode])[];
}

/** One of a few. */
export function Choice<Value extends string>({ label, value, onChange, choices }: Props<Value>) {
  return (
    <RadioGroup className="field" value={value} onChange={(chosen) => onChange(chosen as Value)}>
      <Label>{label}</Label>
      {choices.map(([choice, name]) => <Radio key={choice} value={choice} className="radio">{name}</Radio>)}
    </RadioGroup>
  );
}
