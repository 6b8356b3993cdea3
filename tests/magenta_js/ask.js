// Asks the real magenta.js what it makes of a checkpoint: node ask.js FOLDER ASKED.json ANSWERS.json
//
// ASKED holds z [B, Z], inputs [B, T, D] and controls, in the form that magenta.js takes them
// (extraControls as nested lists). ANSWERS holds the decoded tensors and notes, the likeliest at
// each step (no temperature), and the mean that inputs are encoded to, or what it says instead.
// Models are loaded by HTTP, as in a browser.
const fs = require('fs');
const http = require('http');
const path = require('path');

console.log = console.warn = () => {};  // advice on faster backends
const tf = require('@tensorflow/tfjs');
const {MusicVAE} = require('@magenta/music/node/music_vae');

function serve(folder) {
  const server = http.createServer((request, response) => {
    const file = path.join(folder, path.basename(request.url));
    if (!fs.existsSync(file)) {
      response.writeHead(404);
      response.end();
      return;
    }
    response.end(fs.readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function controlsOf(asked) {
  if (!asked.controls || !asked.controls.extraControls) {
    return asked.controls;
  }
  const tensors = Object.entries(asked.controls.extraControls).map(
      ([name, values]) => [name, tf.tensor2d(values)]);
  return {...asked.controls, extraControls: Object.fromEntries(tensors)};
}

function notesOf(sequence) {
  const quantised = sequence.quantizationInfo;
  return sequence.notes.map((note) => ({
    pitch: note.pitch,
    velocity: note.velocity,
    start: quantised ? note.quantizedStartStep : note.startTime,
    end: quantised ? note.quantizedEndStep : note.endTime,
    isDrum: note.isDrum,
    program: note.program,
  }));
}

async function main() {
  const [folder, askedFile, answersFile] = process.argv.slice(2);
  const asked = JSON.parse(fs.readFileSync(askedFile));
  const server = await serve(folder);
  const model = new MusicVAE(`http://127.0.0.1:${server.address().port}`);
  const answers = {};
  try {
    await model.initialize();
    const controls = controlsOf(asked), z = tf.tensor2d(asked.z);
    answers.decoded = (await model.decodeTensors(z, undefined, controls)).arraySync();
    answers.notes = (await model.decode(z, undefined, controls)).map(notesOf);
    try {
      const mean = await model.encodeTensors(tf.tensor3d(asked.inputs), controls);
      answers.mean = mean.arraySync();
    } catch (error) {
      answers.encodeError = error.message;
    }
  } catch (error) {
    answers.error = error.message;
  }
  fs.writeFileSync(answersFile, JSON.stringify(answers));
  server.close();
}

main();
