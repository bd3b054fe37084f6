// Everything that is said to callers, German and English.
import type { Instant } from '../../domain/vocabulary/types.ts'
import {
  describeDate,
  describeMinute,
  describeMoment,
  describePlainDate,
  listMoments,
  listOf,
  type Speech,
} from './spoken-moments.ts'
import type { Question } from './spoken-times/wishes.ts'

export function sentencesFor(speech: Speech) {
  const { language } = speech
  const german = language === 'de'
  const at = (moment: Instant) => describeMoment(moment, speech)
  const by = (names: string[]) =>
    names.length === 0 ? '' : ` ${german ? 'bei' : 'with'} ${listOf(names, language, 'and')}`
  const offer = (moments: Instant[]) => {
    if (moments.length === 0) return german ? 'In der Nähe ist leider nichts frei.' : 'Nothing near that is free.'
    return german ? `Frei wäre ${listMoments(moments, speech)}.` : `I could offer ${listMoments(moments, speech)}.`
  }
  return {
    offer,
    services: (names: string[]) =>
      names.length === 0
        ? german
          ? 'Im Moment bieten wir nichts an.'
          : 'We do not offer anything at the moment.'
        : german
          ? `Wir bieten ${listOf(names, language, 'and')} an.`
          : `We offer ${listOf(names, language, 'and')}.`,
    whichService: (names: string[]) =>
      german
        ? `Für welche Leistung? Wir bieten ${listOf(names, language, 'and')} an.`
        : `Which service would that be? We offer ${listOf(names, language, 'and')}.`,
    whichOf: (names: string[]) =>
      german ? `Meinen Sie ${listOf(names, language)}?` : `Do you mean ${listOf(names, language)}?`,
    unknownStaff: (names: string[]) =>
      german
        ? `Diesen Namen kenne ich nicht. Bei uns arbeiten ${listOf(names, language, 'and')}.`
        : `I do not know that name. Our team is ${listOf(names, language, 'and')}.`,
    notOffering: (person: string, service: string, others: string[]) =>
      german
        ? `${service} macht ${person} nicht.${others.length > 0 ? ` Das machen ${listOf(others, language, 'and')}. Bei wem soll es sein?` : ''}`
        : `${person} does not do ${service}.${others.length > 0 ? ` ${listOf(others, language, 'and')} can. Who would you like?` : ''}`,
    heldWithOther: (moment: Instant, holding: string[], wished: string) =>
      german
        ? `Ich halte ${at(moment)}${by(holding)} fest. Soll ich so buchen, oder soll ich bei ${wished} nachsehen?`
        : `I am holding ${at(moment)}${by(holding)}. Shall I book that, or look at ${wished}'s times instead?`,
    bookedWithOther: (moment: Instant, booked: string[], wished: string) =>
      german
        ? `Der Termin am ${at(moment)} ist schon${by(booked)} gebucht. Soll ich ihn zu ${wished} verschieben?`
        : `${at(moment)} is booked${by(booked)} already. Shall I move it to ${wished}?`,
    whichTime: (moments: Instant[]) =>
      german
        ? `Ich habe zwei verschiedene Zeiten verstanden: ${listMoments(moments, speech)}. Welche soll es sein?`
        : `I understood two different times: ${listMoments(moments, speech)}. Which one should it be?`,
    free: (service: string, moment: Instant, staff: string[]) =>
      german ? `${service} am ${at(moment)}${by(staff)} ist frei.` : `${service}${by(staff)} on ${at(moment)} is free.`,
    held: (service: string, moment: Instant, staff: string[]) =>
      german
        ? `${service} am ${at(moment)}${by(staff)} ist frei, und ich halte den Termin für Sie fest.`
        : `${service}${by(staff)} on ${at(moment)} is free, and I am holding it for you.`,
    notFree: (moment: Instant, others: Instant[]) =>
      german
        ? `${capital(describeMoment(moment, speech))} ist leider nicht frei. ${offer(others)}`
        : `${at(moment)} is not free, I am afraid. ${offer(others)}`,
    heldInstead: (moment: Instant, other: Instant, staff: string[]) =>
      german
        ? `${at(moment)} ist leider nicht frei. Ich halte Ihnen stattdessen ${at(other)}${by(staff)} fest.`
        : `${at(moment)} is not free, I am afraid. I am holding ${at(other)}${by(staff)} for you instead.`,
    slots: (service: string, moments: Instant[], staff: string[]) =>
      german
        ? `Für ${service}${by(staff)} ist frei: ${listMoments(moments, speech)}.`
        : `For ${service}${by(staff)} I have ${listMoments(moments, speech)}.`,
    noneFree: (others: Instant[]) =>
      german
        ? `In dieser Zeit ist leider nichts frei. ${offer(others)}`
        : `Nothing is free in that time, I am afraid. ${offer(others)}`,
    released: german ? 'Der Termin ist wieder freigegeben.' : 'I have let that time go.',
    whichHold: (moments: Instant[]) =>
      german
        ? `Welchen der Termine: ${listMoments(moments, speech)}?`
        : `Which of the times: ${listMoments(moments, speech)}?`,
    booked: (service: string, moment: Instant, name: string, staff: string[]) =>
      german
        ? `Der Termin ist gebucht: ${service} am ${at(moment)}${by(staff)} für ${name}.`
        : `It is booked: ${service}${by(staff)} on ${at(moment)} for ${name}.`,
    anotherAppointment: (moment: Instant, name: string) =>
      german
        ? `Unter Ihrer Nummer gibt es für diese Zeit, ${at(moment)}, schon einen Termin. Soll ich einen zweiten für ${name} buchen?`
        : `There is an appointment under your number for that time, ${at(moment)}, already. Shall I book a second one for ${name}?`,
    missingName: german ? 'Auf welchen Namen darf ich den Termin buchen?' : 'What name may I book it under?',
    unclearPhone: german
      ? 'Unter welcher Telefonnummer sind Sie erreichbar? Bitte mit Vorwahl.'
      : 'What is your phone number, with the area code, please?',
    appointments: (entries: { service: string; startsAt: Instant }[]) => {
      const list = listOf(
        entries.map(({ service, startsAt }) => `${service} ${german ? 'am' : 'on'} ${at(startsAt)}`),
        language,
        'and',
      )
      return german ? `Ich sehe ${list}.` : `I can see ${list}.`
    },
    noAppointment: german
      ? 'Ich finde unter Ihrer Nummer keinen passenden Termin.'
      : 'I cannot find a matching appointment under your number.',
    whoAreYou: german
      ? 'Auf welchen Namen und welche Telefonnummer ist der Termin gebucht?'
      : 'What name and phone number is the appointment booked under?',
    whichAppointment: (entries: { service: string; startsAt: Instant }[]) => {
      const list = listOf(
        entries.map(({ service, startsAt }) => `${service} ${german ? 'am' : 'on'} ${at(startsAt)}`),
        language,
      )
      return german ? `Welchen Termin meinen Sie: ${list}?` : `Which appointment do you mean: ${list}?`
    },
    moved: (service: string, moment: Instant, staff: string[]) =>
      german
        ? `Der Termin ist verschoben: ${service} jetzt am ${at(moment)}${by(staff)}.`
        : `It has been moved: ${service}, now on ${at(moment)}${by(staff)}.`,
    cancelled: (service: string, moment: Instant, staff: string[]) =>
      german
        ? `Der Termin ${service} am ${at(moment)}${by(staff)} ist abgesagt.`
        : `${service}${by(staff)} on ${at(moment)} is cancelled.`,
    policyForbids: (change: 'CANCEL' | 'RESCHEDULE', until: Instant | null) => policySentence(change, until, speech),
    changedMeanwhile: german
      ? 'Der Termin wurde gerade von jemand anderem geändert. Soll ich noch einmal nachsehen?'
      : 'Someone has just changed that appointment. Shall I look again?',
    holdLimit: german
      ? 'Ich halte schon zu viele Termine fest. Welchen darf ich freigeben?'
      : 'I am holding too many times already. Which one may I let go?',
    busy: german
      ? 'Einen Moment bitte, das hat gerade nicht geklappt. Ich versuche es noch einmal.'
      : 'One moment please, that did not go through. Let me try again.',
    exactTime: (moment: Instant) =>
      german ? `Soll es genau ${at(moment)} sein?` : `Should it be exactly ${at(moment)}?`,
    whatTime: german ? 'An welchem Tag und um wie viel Uhr?' : 'On what day and at what time?',
    whatClock: german ? 'Um wie viel Uhr?' : 'At what time?',
    past: (date: string | null, moment: Instant | null, now: Instant) => {
      const said =
        moment !== null ? at(moment) : date === null ? '' : describePlainDate(Temporal.PlainDate.from(date), language)
      const year = date === null ? '' : ` ${date.slice(0, 4)}`
      return german
        ? `${capital(said)}${year} ist schon vorbei. Heute ist ${describeDate(now, speech)}. Wann soll es stattdessen sein?`
        : `${said}${year} has passed already. Today is ${describeDate(now, speech)}. When would you like to come instead?`
    },
    question: (question: Question) => askBack(question, speech),
  }
}

function policySentence(change: 'CANCEL' | 'RESCHEDULE', until: Instant | null, speech: Speech): string {
  const german = speech.language === 'de'
  const verb = german ? (change === 'CANCEL' ? 'abgesagt' : 'verschoben') : change === 'CANCEL' ? 'cancelled' : 'moved'
  const moment = until === null ? null : describeMoment(until, speech)
  if (german) {
    return moment === null
      ? `Dieser Termin kann telefonisch leider nicht mehr ${verb} werden.`
      : `Dieser Termin konnte nur bis ${moment} ${verb} werden. Bitte wenden Sie sich direkt an uns.`
  }
  return moment === null
    ? `I am afraid this appointment can no longer be ${verb}.`
    : `This appointment could be ${verb} until ${moment} only. Please contact us directly.`
}

function askBack(question: Question, speech: Speech): string {
  const { language } = speech
  const german = language === 'de'
  const dates = (list: string[]) =>
    listOf(
      list.map((date) => describePlainDate(Temporal.PlainDate.from(date), language)),
      language,
    )
  switch (question.code) {
    case 'DAY_MISSING':
      if (question.minute === null) return german ? 'An welchem Tag?' : 'On what day?'
      return german
        ? `${describeMinute(question.minute, language)}, und an welchem Tag?`
        : `${describeMinute(question.minute, language)}, and on what day?`
    case 'TIME_NOT_UNDERSTOOD':
      return german
        ? `${dates([question.date])}, und um wie viel Uhr? Das habe ich nicht verstanden.`
        : `${dates([question.date])}, and at what time? I did not get that.`
    case 'NOT_UNDERSTOOD':
      return german
        ? 'Das habe ich nicht verstanden. An welchem Tag und um wie viel Uhr?'
        : 'I did not get that. On what day and at what time?'
    case 'WHICH_DATE':
      return german ? `Meinen Sie ${dates(question.dates)}?` : `Do you mean ${dates(question.dates)}?`
    case 'WHICH_MINUTE': {
      const times = listOf(
        question.minutes.map((minute) => describeMinute(minute, language)),
        language,
      )
      return german ? `Meinen Sie ${times}?` : `Do you mean ${times}?`
    }
    case 'OTHER_WEEKDAY':
      return german
        ? `Das Datum ist ${dates([question.date])}. Welcher Tag soll es sein?`
        : `That date is ${dates([question.date])}. Which day should it be?`
    case 'NO_SUCH_DATE':
      return german ? 'Dieses Datum gibt es nicht. An welchem Tag?' : 'There is no such date. On what day?'
    case 'SKIPPED_TIME':
      return german
        ? `${describeMinute(question.minute, language)} gibt es an diesem Tag nicht, die Uhr wird umgestellt. Welche andere Uhrzeit?`
        : `There is no ${describeMinute(question.minute, language)} on that day, the clocks change. What other time?`
    case 'DOUBLED_TIME':
      return german
        ? 'Diese Uhrzeit gibt es an diesem Tag zweimal, die Uhr wird umgestellt. Welche andere Uhrzeit passt?'
        : 'That time comes twice on that day, the clocks change. What other time would do?'
    case 'OTHER_ZONE':
      return german
        ? `Meinen Sie ${listMoments(question.starts, speech)}?`
        : `Do you mean ${listMoments(question.starts, speech)}?`
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
