import { useContext, useState, type Key, type ReactNode } from "react";
import { Button, ComboBox, ComboBoxStateContext, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Text } from "react-aria-components";

import { LookAgain } from "./LookAgain";
import type { Lookup } from "./useLookup";

export interface Choice {
  id: string;
  name: string;
  /** What stands beside the name, such as "private". */
  note?: string | undefined;
}

interface Props {
  label: string;
  /** What was typed: the choices are those that have it. */
  typed: string;
  onType: (typed: string) => void;
  choices: readonly Choice[];
  chosen: string | null;
  onChoose: (choice: Choice | null) => void;
  /** Called when the choices are about to be shown: what they are is looked up from then on. */
  onOpen: () => void;
  /** How it goes with looking the choices up, where they are looked up. */
  lookup?: Lookup;
  help?: ReactNode;
  problem?: string | undefined;
  /** Whether a text that is none of the choices is taken too. */
  takesNew?: boolean;
  isRequired?: boolean;
  empty?: string;
}

/** A field whose choices are looked up as one types. */
export function Picker({ label, typed, onType, choices, chosen, onChoose, onOpen, lookup, help, problem, takesNew = false, isRequired = false, empty }: Props) {
  const [kept, setKept] = useState<Choice | null>(null);
  const isMissing = kept !== null && kept.id === chosen && !choices.some(({ id }) => id === chosen);
  const shown = isMissing ? [kept, ...choices] : choices; // what is chosen stays, whatever is looked up next
  const choose = (key: Key | null): void => {
    const choice = shown.find(({ id }) => id === key) ?? null;
    setKept(choice);
    onChoose(choice);
    if (choice) onType(choice.name);
  };
  const nothing = lookup?.failure ? "They could not be looked up." : lookup?.isUnderWay ? "Looking…" : (empty ?? "Nothing found.");
  return (
    <ComboBox
      className="field" items={shown} inputValue={typed} onInputChange={onType} selectedKey={chosen} onSelectionChange={choose}
      allowsCustomValue={takesNew} allowsEmptyCollection={!takesNew} menuTrigger="focus" isRequired={isRequired} isInvalid={problem !== undefined}
      validationBehavior="aria" onFocus={onOpen}
    >
      <Label>{label}</Label>
      <div className="picker">
        <OpeningInput />
        <Button aria-label="Show the choices of">▾</Button>
      </div>
      {lookup && <LookAgain lookup={lookup} />}
      {help && <Text slot="description">{help}</Text>}
      <FieldError className="field-problem">{problem}</FieldError>
      <Popover className="popover">
        <ListBox<Choice> renderEmptyState={() => <p className="quiet">{nothing}</p>}>
          {(choice) => (
            <ListBoxItem id={choice.id} textValue={choice.name}>
              <bdi>{choice.name}</bdi>
              {choice.note && <span className="quiet"> {choice.note}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** Opens the choices with each click: a page that moves closes them, and the focus that opens them is in the field already. */
function OpeningInput() {
  const state = useContext(ComboBoxStateContext);
  return <Input onClick={() => state?.open(null, "focus")} />;
}
